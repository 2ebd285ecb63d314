"""Which names are one class, and in which order classes stand."""

import unicodedata

import pytest

from allcore.config_parts import SplitConfig
from allcore.data.catalog import scan
from allcore.data.class_names import classes_of_columns, in_order, probability_columns
from allcore.data.splits.split import make_split
from allcore.errors import DatasetError
from tests.data.rows import images

COMPOSED, TAKEN_APART = (unicodedata.normalize(form, "Bénin") for form in ("NFC", "NFD"))


def test_composed_letters_and_letters_with_accents_are_one_class(make_dataset):
    catalog = scan(make_dataset({COMPOSED: 3, TAKEN_APART: 4, "Pro": 3}))
    assert catalog.labels[""] == (COMPOSED, "Pro")
    assert dict(catalog.images()["label"].value_counts()) == {COMPOSED: 7, "Pro": 3}


def test_two_spellings_of_one_class_are_no_dataset(make_dataset):
    with pytest.raises(DatasetError, match="only one class folder"):
        scan(make_dataset({COMPOSED: 3, TAKEN_APART: 4}))


def test_variants_that_spell_a_class_otherwise_have_it_in_common(make_dataset):
    catalog = scan(make_dataset({f"a/{COMPOSED}": 3, "a/Pro": 3, f"b/{TAKEN_APART}": 3, "b/Pre": 3}))
    assert catalog.labels == {"a": (COMPOSED, "Pro"), "b": (COMPOSED, "Pre")}


def test_a_variant_is_found_by_either_spelling(make_dataset):
    catalog = scan(make_dataset({f"{TAKEN_APART}/{c}": 3 for c in "AB"} | {f"b/{c}": 3 for c in "AB"}))
    assert catalog.variant(COMPOSED) == TAKEN_APART


@pytest.mark.parametrize(
    "ordered",
    [("1", "2", "10"), ("L1", "L2", "L10", "L10a"), ("2020-01", "2020-2", "2020-11"), ("Benign", "Early", "Pre")],
)
def test_numbers_in_names_count_by_their_value(ordered):
    assert in_order(reversed(ordered)) == ordered


def test_catalog_split_and_counts_have_one_order(make_dataset):
    wanted = ("1", "2", "10")
    assert scan(make_dataset(dict.fromkeys(wanted, 3))).labels[""] == wanted
    split = make_split(images(dict.fromkeys(wanted, 10)), SplitConfig())
    assert split.classes == wanted
    assert list(split.counts().index) == list(wanted)
    assert list(split.labels()) == [wanted.index(label) for label in split.table["label"]]


def test_columns_of_probabilities_tell_their_classes_and_other_columns_none():
    classes = ["Pro", "probability_", "a b"]
    assert classes_of_columns(["path", *probability_columns(classes), "novelty"]) == classes
