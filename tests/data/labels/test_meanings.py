"""What classes mean and which are positive: named once for a dataset, or the paper's."""

import json
import os

import pytest

from allcore.data.labels.meanings import class_meanings, name_classes
from allcore.errors import DatasetError
from allcore.paper import CLASSES

CELLS = ("Blast", "Lymphocyte", "Monocyte")


@pytest.fixture
def kept_in(tmp_path):
    return tmp_path / "workspace" / "classes"


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "cells"
    folder.mkdir()
    return folder


def test_what_is_named_is_found_again_whatever_path_leads_there(dataset, kept_in, tmp_path):
    named = name_classes(dataset, CELLS, {"Blast": " a leukaemic blast ", "Monocyte": ""}, ["Blast"], kept_in)
    assert (dict(named.meanings), named.positive, named.sides) == (
        {"Blast": "a leukaemic blast"}, ("Blast",), ("positive", "negative"),
    )  # fmt: skip
    link = tmp_path / "link"
    link.symlink_to(dataset)
    assert class_meanings([str(link)], CELLS, kept_in) == named
    assert named.in_words() == "Blast means a leukaemic blast."


def test_another_dataset_with_the_same_classes_knows_nothing_of_it(dataset, kept_in, tmp_path):
    name_classes(dataset, CELLS, {"Blast": "a blast"}, ["Blast"], kept_in)
    assert class_meanings([tmp_path / "other"], CELLS, kept_in).meanings == {}
    assert class_meanings([tmp_path / "other", dataset], CELLS, kept_in).positive == ("Blast",)


def test_the_papers_classes_have_the_papers_meaning_until_they_get_another(dataset, kept_in):
    of_paper = class_meanings([dataset], CLASSES, kept_in)
    assert of_paper.meanings["Benign"].startswith("hematogones")
    assert (of_paper.positive, of_paper.sides) == (("Early", "Pre", "Pro"), ("malignant", "benign"))
    assert class_meanings([dataset], ("Benign", "Pro"), kept_in).positive == ("Pro",)
    assert name_classes(dataset, CLASSES, of_paper.meanings, of_paper.positive, kept_in) == of_paper
    assert name_classes(dataset, CLASSES, {}, ["Benign"], kept_in).sides == ("positive", "negative")
    assert name_classes(dataset, CLASSES, {}, [], kept_in).positive == ()


@pytest.mark.parametrize("classes", [("Benign", "Malignant"), ("Benign",), ("Early", "Pre", "Pro"), CELLS])
def test_the_same_word_in_other_datasets_means_nothing_by_itself(dataset, kept_in, classes):
    found = class_meanings([dataset], classes, kept_in)
    assert (found.meanings, found.positive) == ({}, ())


def test_classes_that_are_all_on_one_side_make_no_two_sides(dataset, kept_in):
    name_classes(dataset, CELLS, {}, ["Blast", "Lymphocyte"], kept_in)
    assert class_meanings([dataset], ("Blast", "Lymphocyte"), kept_in).positive == ()
    assert class_meanings([dataset], ("Blast", "Monocyte"), kept_in).positive == ("Blast",)


@pytest.mark.parametrize(
    ("meanings", "positive", "message"),
    [
        ({"Cat": "an animal"}, [], "no class is called 'Cat'; expected one of Blast"),
        ({}, ["Dog"], "no class is called 'Dog'"),
        ({}, CELLS, "every class is positive"),
        ({"Blast": "x" * 301}, [], "301 characters"),
        ({"Blast": "\x1b[31mred"}, [], "cannot be shown"),
        ({"Blast": "two\nlines"}, [], "one line"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_what_was_kept_stays(dataset, kept_in, meanings, positive, message):
    before = name_classes(dataset, CELLS, {"Blast": "a blast"}, ["Blast"], kept_in)
    with pytest.raises(DatasetError, match=message):
        name_classes(dataset, CELLS, meanings, positive, kept_in)
    assert class_meanings([dataset], CELLS, kept_in) == before


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", json.dumps({"dataset": "x", "meanings": {"Blast": 3}, "positive": []}).encode(),
     json.dumps({"dataset": "x", "meanings": {}, "positive": "Blast"}).encode()],
)  # fmt: skip
def test_a_damaged_record_is_named_and_can_be_replaced(dataset, kept_in, content):
    name_classes(dataset, CELLS, {"Blast": "a blast"}, [], kept_in)
    (file,) = kept_in.iterdir()
    file.write_bytes(content)
    with pytest.raises(DatasetError, match="name them anew"):
        class_meanings([dataset], CELLS, kept_in)
    assert name_classes(dataset, CELLS, {"Blast": "a blast"}, [], kept_in).meanings == {"Blast": "a blast"}


def test_a_written_record_is_held_to_the_same_bounds(dataset, kept_in):
    name_classes(dataset, CELLS, {"Blast": "a blast"}, [], kept_in)
    (file,) = kept_in.iterdir()
    file.write_text(json.dumps({"dataset": "x", "meanings": {"Blast": "x" * 301}, "positive": []}))
    with pytest.raises(DatasetError, match="301 characters"):
        class_meanings([dataset], CELLS, kept_in)


@pytest.mark.parametrize("path", ["nothing/there", "nul\0l", os.fsdecode(b"\xe9")])
def test_a_path_that_is_none_has_no_meanings(kept_in, path):
    assert class_meanings([path], CELLS, kept_in).meanings == {}
