"""Drawn smears become a dataset whole, or not at all, and never in the place of another."""

import tracemalloc
from dataclasses import replace

import pytest

from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.errors import ConfigError, DatasetError
from tests.data.test_synthetic import SMALL


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"images_per_class": 2}, "images_per_class=2"),
        ({"image_size": 31}, "31"),
        ({"seed": -1}, "seed=-1"),
        ({"twins": -0.1}, "twins=-0.1"),
        ({"twins": 1.1}, "twins=1.1"),
        ({"twins": float("nan")}, "twins=nan"),
        ({"classes": ("Pre",)}, "Pre"),
        ({"classes": ("Pre", "Pre")}, "Pre"),
        ({"classes": ("Pre", "Healthy")}, "Healthy"),
    ],
)
def test_a_spec_out_of_range_is_refused_and_nothing_is_written(tmp_path, change, named):
    with pytest.raises(ConfigError, match=named):
        write_dataset(tmp_path / "smears", replace(SMALL, **change))
    assert list(tmp_path.iterdir()) == []


def test_images_that_are_not_drawn_yet_take_no_memory(tmp_path):
    def give_up(done, total):
        raise KeyboardInterrupt

    tracemalloc.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            write_dataset(tmp_path / "smears", SyntheticSpec(1_000_000, 32), give_up)
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="in use"):
        write_dataset(tmp_path, SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_where_the_folder_should_be_is_refused(tmp_path):
    (tmp_path / "smears").write_text("mine")
    with pytest.raises(DatasetError, match="in use"):
        write_dataset(tmp_path / "smears", SMALL)


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DatasetError, match="could not be written"):
        write_dataset(tmp_path / "file" / "smears", SMALL)


@pytest.mark.parametrize("existing", [False, True])
def test_an_interrupted_dataset_leaves_nothing_behind(tmp_path, existing):
    folder = tmp_path / "smears"
    if existing:
        folder.mkdir()

    def interrupt(done: int, total: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(folder, SMALL, interrupt)
    assert [p for p in tmp_path.rglob("*") if p != folder] == []
    assert folder.exists() == existing


def test_the_dataset_appears_only_when_it_is_whole(tmp_path):
    folder = tmp_path / "smears"
    seen: list[bool] = []
    write_dataset(folder, SMALL, lambda done, total: seen.append(folder.exists()))
    assert not any(seen)
