"""Claims about the table of stain clusters and their examples."""

import numpy as np
import pandas as pd

from allcore.data.splits.split import Split
from allcore.reporting.stain_clusters import cluster_examples, cluster_table, mean_colours

IMAGES = pd.DataFrame({"path": list("abcdefg"), "label": ["Pre"] * 4 + ["Pro"] * 3})
STAINS = np.array(["Pre-1", "Pre-2", "Pre-1", "Pre-1", "Pro-1", "Pro-10", "Pro-2"], object)
GROUPS = np.array([0, 1, 0, 2, 3, 4, 5])
COLOURS = np.array([[0, 0, 0], [1, 2, 3], [30, 60, 90], [60, 0, 0], [255, 255, 255], [9.4, 9.6, 0], [0, 0, 16]])


def test_mean_colours_are_those_of_the_pixels():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (5 + number, 7, 3), dtype=np.uint8) for number in range(4)]
    np.testing.assert_allclose(mean_colours(images), [image.reshape(-1, 3).mean(axis=0) for image in images])


def test_no_images_have_no_colours():
    assert mean_colours([]).shape == (0, 3)


def test_clusters_are_counted_by_class_in_the_order_of_their_numbers():
    table = cluster_table(IMAGES, GROUPS, STAINS, COLOURS, None)
    assert table[["stain", "label", "images", "groups"]].to_numpy().tolist() == [
        ["Pre-1", "Pre", 3, 2],
        ["Pre-2", "Pre", 1, 1],
        ["Pro-1", "Pro", 1, 1],
        ["Pro-2", "Pro", 1, 1],
        ["Pro-10", "Pro", 1, 1],
    ]
    assert table["share"].round(1).tolist() == [75.0, 25.0, 33.3, 33.3, 33.3]


def test_a_cluster_has_the_mean_of_its_images_colours():
    table = cluster_table(IMAGES, GROUPS, STAINS, COLOURS, None).set_index("stain")
    assert table["colour"].to_dict() == {
        "Pre-1": "#1e141e", "Pre-2": "#010203", "Pro-1": "#ffffff", "Pro-2": "#000010", "Pro-10": "#090a00",
    }  # fmt: skip


def test_without_colours_or_a_split_those_columns_are_empty():
    table = cluster_table(IMAGES, GROUPS, STAINS, None, None)
    assert (table[["colour", "part"]] == "").all(axis=None)


def test_a_cluster_is_in_the_part_that_its_images_are_in():
    parts = pd.Series(STAINS).map({"Pre-1": "train", "Pre-2": "test"}).fillna("validation")
    table = cluster_table(IMAGES, GROUPS, STAINS, None, Split(IMAGES.assign(split=parts)))
    assert table["part"].tolist() == ["train", "test", "validation", "validation", "validation"]


def test_a_class_name_may_hold_a_hyphen():
    images = pd.DataFrame({"path": ["a"], "label": ["pre-B"]})
    table = cluster_table(images, np.zeros(1), np.array(["pre-B-1"], object), None, None)
    assert table[["label", "stain"]].to_numpy().tolist() == [["pre-B", "pre-B-1"]]


def test_examples_are_of_the_cluster_spread_over_it_and_of_different_groups():
    images = pd.DataFrame({"path": [f"{number}" for number in range(20)]})
    groups = np.arange(20) // 2
    chosen = cluster_examples(images, groups, np.arange(20) >= 8, 3)
    assert chosen == ["8", "12", "18"]


def test_a_small_cluster_has_as_many_examples_as_groups():
    images = pd.DataFrame({"path": list("abc")})
    assert cluster_examples(images, np.array([0, 0, 1]), np.array([True, True, True]), 4) == ["a", "c"]
