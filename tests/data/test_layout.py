import os

import pytest

from allcore.data.layout import find_layout, image_files
from allcore.errors import DatasetError


def make(root, *files: str):
    """Create empty files below `root`; a name that ends in '/' becomes an empty folder."""
    for file in files:
        path = root / file
        if file.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return root


def names(files, root):
    return [file.relative_to(root).as_posix() for file in files]


def test_class_folders_directly_in_the_root_are_the_one_variant_without_a_name(tmp_path):
    layout = find_layout(make(tmp_path, "Pro/1.png", "Benign/1.JPG", "Early/1.tiff"))
    assert (layout.root, layout.variants) == (tmp_path, ("",))
    assert layout.class_folders("") == {name: tmp_path / name for name in ("Benign", "Early", "Pro")}
    assert list(layout.class_folders("")) == ["Benign", "Early", "Pro"]


def test_folders_that_each_hold_the_class_folders_are_variants(tmp_path):
    make(tmp_path, *(f"{v}/{c}/1.png" for v in ("Segmented", "Original") for c in ("Benign", "Pre")))
    layout = find_layout(tmp_path)
    assert layout.variants == ("Original", "Segmented")
    assert layout.class_folders("Segmented")["Pre"] == tmp_path / "Segmented" / "Pre"


def test_folders_that_only_wrap_another_are_descended_through(tmp_path):
    make(tmp_path, *(f"archive/leukemia/{v}/{c}/1.png" for v in ("Original", "Segmented") for c in ("A", "B")))
    make(tmp_path, "archive/README.txt", "__MACOSX/archive/._1.png")
    layout = find_layout(tmp_path)
    assert (layout.root, layout.variants) == (tmp_path / "archive" / "leukemia", ("Original", "Segmented"))


def test_a_lone_variant_is_a_wrapper(tmp_path):
    layout = find_layout(make(tmp_path, "Original/A/1.png", "Original/B/1.png"))
    assert (layout.root, layout.variants) == (tmp_path / "Original", ("",))


def test_other_folders_beside_variants_are_left_out(tmp_path):
    make(tmp_path, "Original/A/1.png", "Original/B/1.png", "docs/guide.pdf")
    assert find_layout(tmp_path).variants == ("Original",)


def test_an_empty_class_folder_is_kept_beside_others(tmp_path):
    layout = find_layout(make(tmp_path, "Benign/1.png", "Early/1.png", "Pre/"))
    assert list(layout.class_folders("")) == ["Benign", "Early", "Pre"]


SYSTEM_FOLDERS = [
    ".git", ".ipynb_checkpoints", ".thumbnails", ".Trash-1000", "__MACOSX", "@eaDir", "#recycle", "@Recycle",
    "lost+found", "$RECYCLE.BIN", "System Volume Information",
]  # fmt: skip


@pytest.mark.parametrize("hidden", SYSTEM_FOLDERS)
def test_a_systems_own_folders_are_no_classes(tmp_path, hidden):
    layout = find_layout(make(tmp_path, "A/1.png", "B/1.png", f"{hidden}/1.png", f"{hidden}/deeper/1.png"))
    assert list(layout.class_folders("")) == ["A", "B"]


def test_hidden_images_do_not_make_a_class(tmp_path):
    with pytest.raises(DatasetError, match="found 2 folders without images"):
        find_layout(make(tmp_path, "A/._1.png", "B/._1.png"))


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ((), "found no folder"),
        (("1.png", "2.png"), "found no folder, images outside any class folder: 2"),
        (("A/1.png",), "found only one class folder, 'A'"),
        (("A/notes.txt", "B/"), r"found 2 folders without images directly in them \('A', 'B'\)"),
        (("A/1.png", "B/p1/1.png"), "'B' has images only in its own subfolders, while 'A' beside it has them"),
        (("A/p1/1.png", "A/p2/1.png", "B/p3/1.png", "B/p4/1.png"), "'A', 'B' look like variants, but no class"),
    ],
    ids=["nothing", "images only", "one class", "no images", "uneven depth", "patients in classes"],
)
def test_a_folder_that_is_no_dataset_is_refused_with_what_was_found_and_is_expected(tmp_path, files, found):
    make(tmp_path, "smears/")
    make(tmp_path / "smears", *files)
    with pytest.raises(
        DatasetError, match=f"^'smears' is not a dataset: {found}.*expected a folder with one subfolder"
    ):
        find_layout(tmp_path / "smears")


@pytest.mark.parametrize(("name", "found"), [("gone", "nothing"), ("file.zip", "a file")])
def test_a_missing_folder_and_a_file_are_refused(tmp_path, name, found):
    make(tmp_path, "file.zip")
    with pytest.raises(DatasetError, match=f"found {found}, expected a folder"):
        find_layout(tmp_path / name)


def test_an_unknown_variant_is_refused_with_those_there_are(tmp_path):
    layout = find_layout(make(tmp_path, "A/1.png", "B/1.png"))
    with pytest.raises(DatasetError, match=r"no variant 'Original' in .*, which has its classes directly"):
        layout.class_folders("Original")


def test_a_class_folder_that_is_a_link_out_of_the_root_is_not_followed(tmp_path):
    make(tmp_path / "elsewhere", "1.png")
    root = make(tmp_path / "root", "A/1.png", "B/1.png")
    (root / "C").symlink_to(tmp_path / "elsewhere")
    assert list(find_layout(root).class_folders("")) == ["A", "B"]


def test_links_that_were_not_followed_are_mentioned_when_nothing_else_is_there(tmp_path):
    make(tmp_path / "elsewhere", "A/1.png", "B/1.png")
    root = make(tmp_path / "root", "notes.txt")
    (root / "A").symlink_to(tmp_path / "elsewhere" / "A")
    with pytest.raises(DatasetError, match="lead out of the folder and were not followed: 1"):
        find_layout(root)


def test_a_class_folder_that_is_a_link_within_the_root_is_followed(tmp_path):
    make(tmp_path, "A/1.png", ".store/B/2.png")
    (tmp_path / "B").symlink_to(tmp_path / ".store" / "B")
    layout = find_layout(tmp_path)
    assert names(image_files(layout.class_folders("")["B"]), tmp_path) == ["B/2.png"]


def test_a_wrapper_that_links_back_to_its_parent_ends_in_a_refusal(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(DatasetError, match="is not a dataset"):
        find_layout(tmp_path)


def test_all_files_of_a_class_are_listed_sorted_whatever_their_suffix(tmp_path):
    make(tmp_path, "A/b.png", "A/a.png", "A/deeper/c.png", "A/notes.txt", "A/.hidden.png", "A/Thumbs.db")
    make(tmp_path, "A/desktop.ini", "A/ehthumbs.db", "A/Icon\r", "A/._a.png")
    make(tmp_path, *(f"A/{folder}/a.png/SYNOPHOTO_THUMB_M.jpg" for folder in SYSTEM_FOLDERS))
    assert names(image_files(tmp_path / "A"), tmp_path) == ["A/a.png", "A/b.png", "A/deeper/c.png", "A/notes.txt"]


def test_a_file_that_is_a_link_out_of_the_root_is_not_listed(tmp_path):
    make(tmp_path, "secret.png", "root/A/1.png", "root/B/1.png")
    (tmp_path / "root" / "A" / "2.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "root" / "A" / "3.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "root" / "A" / "4.png").symlink_to(tmp_path / "root" / "A" / "4.png")
    assert names(image_files(tmp_path / "root" / "A"), tmp_path) == ["root/A/1.png"]


def test_a_file_that_is_a_link_to_another_class_is_listed(tmp_path):
    make(tmp_path, "A/1.png", "B/1.png")
    (tmp_path / "A" / "2.png").symlink_to(tmp_path / "B" / "1.png")
    assert names(image_files(tmp_path / "A"), tmp_path) == ["A/1.png", "A/2.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes exist on Unix only")
def test_a_named_pipe_is_not_listed(tmp_path):
    make(tmp_path, "A/1.png")
    os.mkfifo(tmp_path / "A" / "2.png")
    assert names(image_files(tmp_path / "A"), tmp_path) == ["A/1.png"]


def test_a_folder_that_cannot_be_read_is_an_error_and_not_an_empty_class(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read: No such file or directory"):
        image_files(tmp_path / "gone")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_dataset_that_may_not_be_read_is_refused(tmp_path):
    make(tmp_path, "smears/A/1.png", "smears/B/1.png")
    (tmp_path / "smears").chmod(0)
    with pytest.raises(DatasetError, match="cannot be read: Permission denied"):
        find_layout(tmp_path / "smears")
