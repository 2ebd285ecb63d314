"""Folders that divide a dataset into train, validation and test."""

import pytest

from allcore.data.folder.layout import find_layout
from allcore.data.folder.parts import part_named
from allcore.errors import DatasetError
from tests.data.folder.test_layout import make


def places(layout):
    """Return variant, part and label of every file, by its path below the dataset."""
    return {
        file.path.relative_to(layout.root).as_posix(): (file.variant, file.part, file.label) for file in layout.files()
    }


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train", "train"), ("Training", "train"), ("TRAIN", "train"), ("trainset", "train"), ("train_data", "train"),
        ("TrainSet", "train"), ("C-NMC_training_data", "train"), ("01_train", "train"), ("val", "validation"),
        ("valid", "validation"), ("Validation-Set", "validation"), ("dev", "validation"), ("testing", "test"),
        ("Test images", "test"), ("testset", "test"), ("Original", ""), ("Benign", ""), ("contest", ""),
        ("latest", ""), ("strain", ""), ("interval", ""), ("train_test", ""), ("set", ""), ("data", ""),
    ],
)  # fmt: skip
def test_the_usual_names_of_parts_are_known(name, part):
    assert part_named(name) == part


def test_parts_above_the_classes_are_no_variants(tmp_path):
    make(tmp_path, *(f"{part}/{label}/{part}.png" for part in ("test", "train", "valid") for label in ("Pre", "Pro")))
    layout = find_layout(tmp_path)
    assert (layout.variants, layout.has_parts) == (("",), True)
    assert places(layout) == {
        "test/Pre/test.png": ("", "test", "Pre"),
        "test/Pro/test.png": ("", "test", "Pro"),
        "train/Pre/train.png": ("", "train", "Pre"),
        "train/Pro/train.png": ("", "train", "Pro"),
        "valid/Pre/valid.png": ("", "validation", "Pre"),
        "valid/Pro/valid.png": ("", "validation", "Pro"),
    }
    assert [(folder.label, folder.part) for folder in layout.class_folders("")][:3] == [
        ("Pre", "train"), ("Pre", "validation"), ("Pre", "test"),
    ]  # fmt: skip


def test_parts_below_variants_are_known_too(tmp_path):
    variants, parts = ("Original", "Segmented"), ("train", "test")
    make(tmp_path, *(f"{v}/{p}/{label}/1.png" for v in variants for p in parts for label in "AB"))
    layout = find_layout(tmp_path)
    assert layout.variants == variants
    assert places(layout)["Segmented/test/B/1.png"] == ("Segmented", "test", "B")


def test_a_part_may_lack_a_class(tmp_path):
    layout = find_layout(make(tmp_path, "train/A/1.png", "train/B/1.png", "test/A/1.png"))
    assert places(layout)["test/A/1.png"] == ("", "test", "A")


@pytest.mark.parametrize("beside", ["test/", "docs/guide.pdf"])
def test_a_lone_part_divides_nothing(tmp_path, beside):
    layout = find_layout(make(tmp_path, "train/A/1.png", "train/B/1.png", beside))
    assert places(layout) == {"train/A/1.png": ("", "", "A"), "train/B/1.png": ("", "", "B")}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (("train/1.png", "test/1.png"), "'test', 'train' hold images directly, but are named as the parts of a split"),
        (("train/1.png", "test/1.png", "masks/1.png"), "'masks', 'test', 'train' hold images directly"),
        (("A/train/1.png", "A/test/1.png", "B/train/1.png", "B/test/1.png"), "'test', 'train' hold images directly"),
        (("val/A/1.png", "validation/A/1.png"), "'val', 'validation' both look like the validation part; join them"),
        (
            ("train/A/1.png", "train/B/1.png", "Original/A/1.png", "Original/B/1.png"),
            "'train' look like parts of a split, while 'Original' hold class folders as well",
        ),
        (("train/A/1.png", "test/B/1.png"), "'test', 'train' look like parts of a split, but no class name is common"),
        (
            ("train/A/1.png", "train/B/1.png", "test/1.png"),
            "'train' has images only in its own subfolders, while 'test'",
        ),
    ],
)
def test_parts_that_could_be_meant_otherwise_are_refused(tmp_path, files, found):
    with pytest.raises(DatasetError, match=found):
        find_layout(make(tmp_path, *files))
