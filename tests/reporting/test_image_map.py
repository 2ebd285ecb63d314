"""The map as a figure: every image once, named as it is, whatever it is coloured by."""

import numpy as np
import pandas as pd
import pytest

from allcore.reporting.colours import class_colours
from allcore.reporting.image_map import COLOURINGS, PROJECTIONS, map_figure
from allcore.reporting.neighbours import agreement_findings, agreement_table

CLASSES = ("Benign", "<b>Pro</b>")


@pytest.fixture
def table():
    """Return a map of twelve images, the first six of which were not predicted."""
    rows = np.arange(12)
    labels = np.array(CLASSES, object)[rows % 2]
    known = rows >= 6
    return pd.DataFrame(
        {
            "path": [f"{label}/{row}.jpg" for label, row in zip(labels, rows, strict=True)],
            "label": labels, "stain": [f"{label}-{row % 3 + 1}" for label, row in zip(labels, rows, strict=True)],
            "part": np.where(known, "test", "train"),
            "predicted": np.where(known, labels[::-1], ""), "confidence": np.where(known, 0.9, np.nan),
            "correct": pd.array([bool(row % 4) if row >= 6 else None for row in rows], "boolean"),
            "novelty": np.where(known, 1.0, np.nan), "neighbours": 0.5,
            **{f"{name}_{axis}": rows * 1.0 for name in PROJECTIONS for axis in "xy"},
        }
    )  # fmt: skip


@pytest.mark.parametrize("by", COLOURINGS)
@pytest.mark.parametrize("projection", PROJECTIONS)
def test_every_image_is_drawn_once_at_its_place_with_its_row(table, by, projection):
    traces = map_figure(table, projection, by, CLASSES).data
    rows = np.concatenate([np.asarray(trace.customdata) for trace in traces])
    assert sorted(rows) == list(range(12))
    for trace in traces:
        np.testing.assert_array_equal(trace.x, table[f"{projection}_x"].to_numpy()[np.asarray(trace.customdata)])


def test_kinds_are_those_of_the_images_and_classes_have_their_colours(table):
    by_class = {trace.name: trace for trace in map_figure(table, "t_sne", "class", CLASSES).data}
    assert list(by_class) == ["&lt;b&gt;Pro&lt;/b&gt;", "Benign"]
    assert by_class["Benign"].marker.color == class_colours(CLASSES)["Benign"]
    answers = {trace.name: len(trace.x) for trace in map_figure(table, "t_sne", "answer", CLASSES).data}
    assert answers == {"not predicted": 6, "right": 5, "wrong": 1}
    assert [trace.name for trace in map_figure(table, "t_sne", "part", CLASSES).data] == ["train", "test"]


@pytest.mark.parametrize("by", ["class", "stain"])
def test_twenty_kinds_of_images_can_be_told_apart(by):
    rows = np.arange(40)
    labels = [f"class {row % 20:02}" for row in rows] if by == "class" else ["A"] * 40
    table = pd.DataFrame(
        {
            "path": [f"{row}.jpg" for row in rows], "label": labels, "stain": [f"A-{row % 20 + 1}" for row in rows],
            "part": "test", "predicted": "", "confidence": np.nan, "t_sne_x": rows * 1.0, "t_sne_y": rows * 1.0,
        }
    )  # fmt: skip
    drawn = {(trace.marker.color, trace.marker.symbol) for trace in map_figure(table, "t_sne", by, ()).data}
    assert len(drawn) == 20


@pytest.mark.parametrize("by", ["class", "predicted"])
def test_images_of_a_class_that_was_not_given_are_drawn_too(table, by):
    traces = map_figure(table, "t_sne", by, CLASSES[:1]).data
    assert sorted(np.concatenate([np.asarray(trace.customdata) for trace in traces])) == list(range(12))
    assert {trace.name for trace in traces} - {"not predicted"} == {"Benign", "&lt;b&gt;Pro&lt;/b&gt;"}


def test_a_legend_of_many_classes_leaves_the_map_its_room(table):
    layout = map_figure(table, "t_sne", "class", CLASSES).layout
    assert 1 < layout.legend.maxheight < layout.height / 4  # up to 1 it would be a share


def test_names_in_the_hover_are_no_tags(table):
    assert all("<b>" not in text for trace in map_figure(table, "t_sne", "class", CLASSES).data for text in trace.text)


def test_the_chosen_image_has_a_ring(table):
    ring = map_figure(table, "t_sne", "class", CLASSES, chosen=table["path"][3]).data[-1]
    assert (list(ring.customdata), ring.marker.symbol) == ([3], "circle-open")


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.1, 0.3, "nothing shows that the features hold the stain."),
        (0.3, 0.5, "though less of it"),
        (0.3, 0.95, "hold the stain as well."),
    ],
)
def test_what_the_features_hold_of_the_stain_is_said_by_the_interval(low, high, told):
    rows = pd.DataFrame(
        [("all", kind, 10, 0.4, low, high, 0.9, 0.2) for kind in ("class", "stain")],
        columns=["part", "kind", "images", "features", "low", "high", "colours", "chance"],
    )
    of_class, of_stain = agreement_findings(rows, 10)
    assert "nearest images of an image of any part by the network's features, 40.0 % are of its own class" in of_class
    assert told in of_stain
    assert agreement_table(rows)["features"].tolist() == [40.0, 40.0]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (["all", "train", "validation", "test", ""], ("a test image", "30.0 %")),
        (["all", "train", ""], ("an image that the model's run had not", "10.0 %")),
        (["all", "train", "validation"], ("an image of any part", "80.0 %")),
        (["train"], ("a training image", "90.0 %")),
    ],
)
def test_what_the_features_tell_apart_is_told_of_images_that_were_not_trained_on_where_there_are_such(parts, said):
    shares = {"all": 0.8, "train": 0.9, "validation": 0.5, "test": 0.3, "": 0.1}
    rows = pd.DataFrame(
        [(part, kind, 10, shares[part], 0.1, 0.3, 0.9, 0.2) for part in parts for kind in ("class", "stain")],
        columns=["part", "kind", "images", "features", "low", "high", "colours", "chance"],
    )
    of_class, of_stain = agreement_findings(rows, 10)
    image, share = said
    assert f"nearest images of {image} by the network's features, {share} are of its own class" in of_class
    assert f"nearest to {image} within its class, {share} are of its own stain" in of_stain
    assert agreement_findings(rows[:0], 10) == []
