import errno

import pytest
from pydantic import BaseModel

from allcore.errors import DatasetError
from allcore.result_cache import build_once, cache_text, cached_file, read_cached


class Found(BaseModel):
    pairs: int


@pytest.fixture
def file(tmp_path):
    return cached_file(tmp_path, "overlap", "these images", ".json")


def test_a_result_is_found_by_the_content_that_it_was_made_from(tmp_path, file):
    cache_text(file, Found(pairs=3).model_dump_json())
    assert read_cached(cached_file(tmp_path, "overlap", "these images", ".json"), Found) == Found(pairs=3)
    assert read_cached(cached_file(tmp_path, "overlap", "other images", ".json"), Found) is None


@pytest.mark.parametrize("content", [b"", b'{"pairs"', b'{"pairs": "many"}', b"\xff"])
def test_a_damaged_result_is_none(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    assert read_cached(file, Found) is None


def test_a_disk_that_refuses_costs_the_copy_alone(file, monkeypatch):
    def refuse(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("allcore.writing.sync", refuse)
    cache_text(file, "anything")
    assert not file.exists()


def building(place, content=b"whole", needed=5):
    def is_whole():
        return place.is_file() and place.read_bytes() == b"whole"

    build_once(place, is_whole, lambda unfinished: unfinished.write_bytes(content), "the cells", needed)


def test_what_is_whole_is_not_built_again(tmp_path):
    building(tmp_path / "kind" / "a.u8")
    building(tmp_path / "kind" / "a.u8", content=b"other")
    assert (tmp_path / "kind" / "a.u8").read_bytes() == b"whole"


def test_what_was_damaged_or_left_by_a_killed_build_is_made_good(tmp_path, monkeypatch):
    monkeypatch.setattr("allcore.result_cache._machine", lambda: "node1")
    (tmp_path / "a.u8").write_bytes(b"who")
    (tmp_path / "a.node1.part").mkdir()
    (tmp_path / "a.node2.part").mkdir()  # another machine's, which may be building
    building(tmp_path / "a.u8")
    assert (tmp_path / "a.u8").read_bytes() == b"whole"
    assert sorted(path.name for path in tmp_path.glob("*.part")) == ["a.node2.part"]


def test_too_little_room_is_said_before_anything_is_built(tmp_path):
    with pytest.raises(DatasetError, match=r"not enough disk space: the cells needs .* ALLCORE_WORKSPACE"):
        building(tmp_path / "a.u8", needed=10**18)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "kind").write_text("a file in the folder's place")
    with pytest.raises(DatasetError, match=r"the cells cannot be written below .*kind"):
        building(tmp_path / "kind" / "a.u8")
