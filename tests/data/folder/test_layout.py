import os
import shutil

import pytest

from allcore.data.folder import layout as layout_module
from allcore.data.folder.layout import ClassFolder, find_layout
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


def labels(layout, variant=""):
    return [folder.label for folder in layout.class_folders(variant)]


def used(layout):
    """Return the paths of the files that are not left out, below the dataset, sorted."""
    return sorted(file.path.relative_to(layout.root).as_posix() for file in layout.files() if not file.fault)


def left_out(layout):
    """Return why what is left out is, by its path below the dataset, without what to do."""
    files = (file for file in layout.files() if file.fault)
    return {file.path.relative_to(layout.root).as_posix(): file.fault.split(";")[0] for file in files}


def test_class_folders_directly_in_the_root_are_the_one_variant_without_a_name(tmp_path):
    layout = find_layout(make(tmp_path, "Pro/1.png", "Benign/1.JPG", "Early/1.tiff"))
    assert (layout.root, layout.variants) == (tmp_path, ("",))
    assert layout.class_folders("") == tuple(ClassFolder(name, tmp_path / name) for name in ("Benign", "Early", "Pro"))
    assert not layout.has_parts


def test_folders_that_each_hold_the_class_folders_are_variants(tmp_path):
    make(tmp_path, *(f"{v}/{c}/1.png" for v in ("Segmented", "Original") for c in ("Benign", "Pre")))
    layout = find_layout(tmp_path)
    assert layout.variants == ("Original", "Segmented")
    assert layout.class_folders("Segmented")[1] == ClassFolder("Pre", tmp_path / "Segmented" / "Pre")


def test_one_class_with_a_name_in_common_makes_variants_and_the_classes_after_it_are_not_listed(tmp_path, monkeypatch):
    make(tmp_path, *(f"{v}/A/{v}.png" for v in ("Original", "Segmented")))
    make(tmp_path, *(f"{v}/{c}/1.png" for v in ("Original", "Segmented") for c in ("B", "C")))
    listed = []
    really = layout_module.names_in
    monkeypatch.setattr(layout_module, "names_in", lambda folder: listed.append(folder.name) or really(folder))
    assert find_layout(tmp_path).variants == ("Original", "Segmented")
    assert listed == ["A", "A", "B", "B"]


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
    assert labels(layout) == ["Benign", "Early", "Pre"]


SYSTEM_FOLDERS = [
    ".git", ".ipynb_checkpoints", ".thumbnails", ".Trash-1000", "__MACOSX", "@eaDir", "#recycle", "@Recycle",
    "lost+found", "$RECYCLE.BIN", "System Volume Information",
]  # fmt: skip


@pytest.mark.parametrize("hidden", SYSTEM_FOLDERS)
def test_a_systems_own_folders_are_no_classes(tmp_path, hidden):
    layout = find_layout(make(tmp_path, "A/1.png", "B/1.png", f"{hidden}/1.png", f"{hidden}/deeper/1.png"))
    assert labels(layout) == ["A", "B"]


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
        (("s1/A/1.png", "s1/B/2.png", "s2/A/3.png", "s2/B/4.png"), "'s1', 's2' hold the same class folders with diff"),
        (("fold_0/A/1.png", "fold_0/B/1.png", "fold_1/A/1.png", "fold_1/B/1.png"), "'fold_0', 'fold_1' hold the same"),
    ],
    ids=["nothing", "images only", "one class", "no images", "uneven depth", "patients in classes", "sites", "folds"],
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


def test_all_files_of_a_class_are_listed_whatever_their_suffix(tmp_path):
    make(tmp_path, "B/1.png", "A/b.png", "A/a.png", "A/deeper/c.png", "A/notes.txt", "A/.hidden.png", "A/Thumbs.db")
    make(tmp_path, "A/desktop.ini", "A/ehthumbs.db", "A/Icon\r", "A/._a.png")
    make(tmp_path, *(f"A/{folder}/a.png/SYNOPHOTO_THUMB_M.jpg" for folder in SYSTEM_FOLDERS))
    layout = find_layout(tmp_path)
    assert used(layout) == ["A/a.png", "A/b.png", "A/deeper/c.png", "A/notes.txt", "B/1.png"]
    assert left_out(layout) == {}


def test_images_beside_the_classes_are_left_out_with_a_word(tmp_path):
    layout = find_layout(make(tmp_path, "A/1.png", "B/1.png", "loose.png", "labels.csv"))
    assert left_out(layout) == {"loose.png": "lies beside the class folders, so it is of no class"}


def test_a_folder_of_images_beside_variants_is_left_out_with_a_word(tmp_path):
    make(tmp_path, *(f"{v}/{c}/1.png" for v in ("Original", "Segmented") for c in "AB"), "docs/figures/1.png")
    assert left_out(find_layout(tmp_path)) == {
        "docs": "a folder of images beside those that hold the classes, without class folders of its own"
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes exist on Unix only")
def test_a_named_pipe_is_not_listed(tmp_path):
    make(tmp_path, "A/1.png", "B/1.png")
    os.mkfifo(tmp_path / "A" / "2.png")
    assert used(find_layout(tmp_path)) == ["A/1.png", "B/1.png"]


def test_a_class_folder_that_vanishes_is_an_error_and_not_an_empty_class(tmp_path):
    layout = find_layout(make(tmp_path, "A/1.png", "B/1.png"))
    shutil.rmtree(tmp_path / "B")
    with pytest.raises(DatasetError, match="/B' is no longer there"):
        list(layout.files())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_dataset_that_may_not_be_read_is_refused(tmp_path):
    make(tmp_path, "smears/A/1.png", "smears/B/1.png")
    (tmp_path / "smears").chmod(0)
    with pytest.raises(DatasetError, match="cannot be read: Permission denied"):
        find_layout(tmp_path / "smears")
