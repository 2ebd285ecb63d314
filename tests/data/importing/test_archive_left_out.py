"""What an archive may hold beside pictures, and what is said of it."""

from io import BytesIO

import pytest

from allcore.data.importing.archive import extract_zip
from tests.data.zips import PNG, member, pack, tree


def test_other_files_are_left_out_and_named(tmp_path):
    archive = pack(tmp_path / "a.zip", ("setup.exe", b"MZ"), ("A/model.h5", b"\x89HDF"), ("B/1.png", PNG))
    assert extract_zip(archive, tmp_path / "smears") == dict.fromkeys(
        ("setup.exe", "A/model.h5"), "neither a picture nor plain text"
    )
    assert tree(tmp_path / "smears") == ["A/sound.png", "B/1.png"]


def test_hidden_members_are_left_out_unnamed(tmp_path):
    archive = pack(tmp_path / "a.zip", ("__MACOSX/A/._sound.png", b"\0\5\x16\7"), ("A/.DS_Store", b"x"))
    assert extract_zip(archive, tmp_path / "smears") == {}
    assert tree(tmp_path) == ["a.zip", "smears/A/sound.png"]


@pytest.mark.parametrize("name", ["labels.xlsx", "A/notes.docx", "features.npz"])
def test_files_of_other_programs_that_are_zips_inside_are_left_out(tmp_path, name):
    archive = pack(tmp_path / "a.zip", (name, pack(BytesIO()).getvalue()), ("B/1.png", PNG))
    assert extract_zip(archive, tmp_path / "smears") == {name: "neither a picture nor plain text"}


def test_what_macos_puts_into_folders_is_left_out_unnamed(tmp_path):
    archive = pack(tmp_path / "a.zip", (member("A/Icon\r"), b""), ("B/1.png", PNG))
    assert extract_zip(archive, tmp_path / "smears") == {}


def test_a_picture_without_a_pictures_ending_is_unpacked(tmp_path):
    assert extract_zip(pack(tmp_path / "a.zip", ("B/scan", PNG)), tmp_path / "smears") == {}
    assert tree(tmp_path / "smears") == ["A/sound.png", "B/scan"]


def test_a_name_that_no_disk_takes_is_left_out_with_why(tmp_path):
    name = f"B/{'x' * 260}.png"
    left_out = extract_zip(pack(tmp_path / "a.zip", (name, PNG), ("B/1.png", PNG)), tmp_path / "smears")
    assert list(left_out) == [name]
    assert "over 255 bytes" in left_out[name]
