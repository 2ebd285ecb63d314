"""Links in a dataset: followed within what may be read, named where they are not."""

import os

import pytest

from allcore.data.catalog import scan
from allcore.data.folder.layout import find_layout
from allcore.data.folder.links import BROKEN, LEADS_BACK, LEADS_OUT
from allcore.errors import DatasetError
from tests.data.folder.test_layout import labels, left_out, make, used


@pytest.fixture
def root(tmp_path):
    return make(tmp_path / "root", "A/1.png", "B/1.png")


def short(fault):
    return fault.split(";")[0]


def test_files_may_be_links_into_a_data_root(tmp_path, root, monkeypatch):
    """Hugging Face and DVC keep the content of files elsewhere and put links in their places."""
    make(tmp_path / "blobs", "5f3a")
    (root / "A" / "2.png").symlink_to(os.path.relpath(tmp_path / "blobs" / "5f3a", root / "A"))
    assert left_out(find_layout(root)) == {"A/2.png": short(LEADS_OUT)}
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(tmp_path))
    assert used(find_layout(root)) == ["A/1.png", "A/2.png", "B/1.png"]


def test_a_dataset_of_nothing_but_links_that_lead_out_says_so(tmp_path):
    make(tmp_path, "blobs/1", "snapshot/A/", "snapshot/B/")
    for label in "AB":
        (tmp_path / "snapshot" / label / "1.png").symlink_to(tmp_path / "blobs" / "1")
    with pytest.raises(DatasetError, match=r"links that were not followed: 2 .*ALLCORE_DATA_ROOTS"):
        find_layout(tmp_path / "snapshot")


def test_links_that_are_not_followed_become_problems_of_their_class(tmp_path, root):
    make(tmp_path, "secret.png")
    for number, target in enumerate([tmp_path / "secret.png", tmp_path / "gone.png", root / "A" / "4.png"], start=2):
        (root / "A" / f"{number}.png").symlink_to(target)
    table = scan(root).table.set_index("path")
    assert table["problem"][["A/2.png", "A/3.png", "A/4.png"]].tolist() == [LEADS_OUT, BROKEN, BROKEN]
    assert set(table["label"]) == {"A", "B"}


def test_a_class_folder_that_is_a_link_out_is_an_empty_class_and_named(tmp_path, root):
    make(tmp_path / "elsewhere", "1.png", "2.png", "3.png")
    (root / "C").symlink_to(tmp_path / "elsewhere")
    layout = find_layout(root)
    assert labels(layout) == ["A", "B", "C"]
    assert left_out(layout) == {"C": short(LEADS_OUT)}
    with pytest.raises(DatasetError, match="found A 0, B 0, C 0"):
        scan(root).trainable_images()


def test_a_class_folder_that_is_a_link_within_the_dataset_is_followed(tmp_path):
    make(tmp_path, "A/1.png", ".store/B/2.png")
    (tmp_path / "B").symlink_to(tmp_path / ".store" / "B")
    assert used(find_layout(tmp_path)) == ["A/1.png", "B/2.png"]


def test_a_file_that_is_a_link_to_another_class_is_listed(root):
    (root / "A" / "2.png").symlink_to(root / "B" / "1.png")
    assert used(find_layout(root)) == ["A/1.png", "A/2.png", "B/1.png"]


def test_links_back_are_named_and_lead_nowhere(root):
    (root / "up").symlink_to(root)
    (root / "A" / "again").symlink_to(root / "A")
    layout = find_layout(root)
    assert used(layout) == ["A/1.png", "B/1.png"]
    assert left_out(layout) == {"up": short(LEADS_BACK), "A/again": short(LEADS_BACK)}


def test_a_linked_folder_within_a_class_is_named(tmp_path, root):
    make(root, ".store/2.png")
    (root / "A" / "more").symlink_to(root / ".store")
    assert left_out(find_layout(root)) == {"A/more": "a link to a folder, within a class folder"}


def test_a_wrapper_that_links_back_to_its_parent_ends_in_a_refusal(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(DatasetError, match="found no folder, links that were not followed: 1"):
        find_layout(tmp_path)
