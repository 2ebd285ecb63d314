"""Claims about what images have in common, in numbers, tables and words."""

import numpy as np
import pandas as pd
import pytest

from allcore.data.overlap import Overlap, connect, exact_duplicate_pairs
from allcore.data.shared_fields.placement import Placement
from allcore.data.shared_fields.search import COLUMNS
from allcore.reporting.overlap import (
    group_table,
    ordered_pairs,
    overlap_numbers,
    pair_table,
    placement_in_words,
)

IMAGES = pd.DataFrame(
    {
        "path": ["Pre/a", "Pre/b", "Pre/c", "Pro/d", "Pro/e", "Pro/f", "Pro/g"],
        "label": ["Pre", "Pre", "Pre", "Pro", "Pro", "Pro", "Pro"],
        "pixel_sha256": ["0", "1", "2", "3", "4", "4", "0"],
    }
)
FIELDS = [
    ("Pre/a", "Pre/b", 1, 0, False, 83, 40, 0.5, 0.9, 12),
    ("Pre/b", "Pro/d", 1, 180, True, 0, -7, 0.9, 0.95, 40),
    ("Pro/g", "Pre/b", 1, 0, False, 83, 40, 0.5, 0.9, 12),
]


def overlap_of(images: pd.DataFrame, fields: list) -> Overlap:
    exact = exact_duplicate_pairs(images)
    pairs = [*exact, *((first, second) for first, second, *_ in fields)]
    return Overlap(exact, pd.DataFrame(fields, columns=list(COLUMNS)), connect(list(images["path"]), pairs))


@pytest.fixture
def overlap() -> Overlap:
    return overlap_of(IMAGES, FIELDS)


def test_images_groups_and_pairs_are_counted(overlap):
    assert overlap_numbers(IMAGES, overlap)._asdict() == {
        "images": 7,
        "groups": 3,  # a b d g, c, e f
        "identical": 4,  # a g, e f
        "sharing": 4,  # a b d g
        "exact_pairs": 2,
        "field_pairs": 3,
        "across_classes": 3,  # b d, g b, and a g, which are identical
        "largest": 4,
    }


def test_images_without_a_pair_are_their_own_groups():
    images = IMAGES.head(4)
    assert overlap_numbers(images, overlap_of(images, [])) == (4, 4, 0, 0, 0, 0, 0, 1)


def test_no_images_have_nothing_in_common():
    images = IMAGES.head(0)
    assert overlap_numbers(images, overlap_of(images, [])) == (0,) * 8
    assert pair_table(images, overlap_of(images, [])).empty
    assert group_table(images, overlap_of(images, [])).empty


def test_a_pair_has_its_labels_its_group_and_its_placement_in_words(overlap):
    row = pair_table(IMAGES, overlap).iloc[1]
    assert (row["first_label"], row["second_label"], row["across"], row["group"]) == ("Pre", "Pro", True, 0)
    assert row["placement"] == "mirrored left to right; turned by 180° counter-clockwise; shifted by 7 px up"
    assert (row["overlap"], row["shift"]) == (pytest.approx(90), 7)


@pytest.mark.parametrize(
    ("order", "column", "sign"), [("least correlation", "correlation", 1), ("largest shift", "shift", -1),
                                  ("smallest share", "overlap", 1)],
)  # fmt: skip
def test_every_order_sorts_by_its_own_measure(order, column, sign):
    rng = np.random.default_rng(0)
    pairs = pd.DataFrame(rng.random((20, 3)), columns=["correlation", "shift", "overlap"])
    pairs[["first", "second"]] = "same"
    values = sign * ordered_pairs(pairs, order)[column]
    assert values.is_monotonic_increasing


def test_groups_of_several_images_are_listed_the_largest_first(overlap):
    assert group_table(IMAGES, overlap).to_dict("records") == [
        {"group": 0, "images": 4, "classes": "Pre, Pro", "identical": 2, "pairs": 3},
        {"group": 2, "images": 2, "classes": "Pro", "identical": 2, "pairs": 0},
    ]


@pytest.mark.parametrize(
    ("placement", "words"),
    [
        ((1, 0, False, 83, 40), "shifted by 83 px right, 40 px down"),
        ((1, 0, False, -5, 0), "shifted by 5 px left"),
        ((1, 0, True, 0, -9), "mirrored left to right; shifted by 9 px up"),
        ((1, -90, False, 0, 0), "turned by 90° clockwise"),
        ((0.498, 5.04, False, 0.3, 0), "reduced to 50 %; turned by 5° counter-clockwise"),
        ((1.5, -0.02, True, 0, 0), "mirrored left to right; enlarged to 150 %"),
        ((1, 0, False, 0, 0), "in the same place"),
    ],
)
def test_a_placement_is_said_in_the_order_in_which_it_is_made(placement, words):
    assert placement_in_words(Placement(*placement)) == words
