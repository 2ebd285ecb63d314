"""What was found in a folder is found again without a look, until something in it changes."""

import os
import time

import pytest

from allcore.data.folder.known_layout import known_layout
from allcore.errors import DatasetError
from tests.data.folder.test_layout import labels, make


def age(root, seconds=10):
    """Let nothing below a folder have changed for some seconds."""
    then = time.time() - seconds
    for folder, _, _ in os.walk(root):
        os.utime(folder, (then, then))


@pytest.fixture
def root(tmp_path):
    make(tmp_path, *(f"{variant}/{label}/1.png" for variant in ("Original", "Segmented") for label in ("A", "B")))
    age(tmp_path)
    return tmp_path


def test_a_folder_that_did_not_change_is_not_looked_into_again(root):
    assert known_layout(root) is known_layout(root)


def test_a_new_class_is_seen(root):
    known_layout(root)
    make(root, "Original/C/1.png")
    assert labels(known_layout(root), "Original") == ["A", "B", "C"]


def test_images_in_a_folder_beside_the_variants_are_seen(root):
    make(root, "Masks/A/", "Masks/B/")
    age(root)
    assert known_layout(root).variants == ("Original", "Segmented")
    make(root, "Masks/A/1.png", "Masks/B/1.png")
    assert known_layout(root).variants == ("Masks", "Original", "Segmented")


def test_images_that_go_and_come_back_are_seen(tmp_path):
    make(tmp_path, "A/1.png", "B/1.png")
    age(tmp_path)
    assert labels(known_layout(tmp_path)) == ["A", "B"]
    for label in ("A", "B"):
        (tmp_path / label / "1.png").unlink()
    age(tmp_path, 5)
    for _ in range(2):
        with pytest.raises(DatasetError, match="is not a dataset"):
            known_layout(tmp_path)
    make(tmp_path, "A/1.png", "B/1.png")
    assert labels(known_layout(tmp_path)) == ["A", "B"]


def test_what_may_be_read_is_part_of_it(root, tmp_path_factory, monkeypatch):
    elsewhere = make(tmp_path_factory.mktemp("elsewhere"), "C/1.png")
    (root / "Original" / "C").symlink_to(elsewhere / "C")
    age(root)
    assert "C" not in [file.label for file in known_layout(root).files() if not file.fault]
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(elsewhere))
    assert "C" in [file.label for file in known_layout(root).files() if not file.fault]


def test_a_folder_that_changed_this_moment_is_looked_into_again(root):
    make(root, "Original/C/1.png")
    assert known_layout(root) is not known_layout(root)
