"""Figures of classes, whatever they are called and however many they are."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from allcore.reporting.class_counts import class_counts_figure
from allcore.reporting.confusion import confusion_figure, matrix_width
from allcore.reporting.probabilities import probability_bars

LONG = (
    "early pre-B lymphoblastic leukaemia with aberrant myeloid markers and a name of a hundred and more letters, no. "
)
NAMES = {
    "numbers": ["1", "2", "10"],
    "dates": ["2020-01", "2020-02"],
    "markup": ["<b>bold</b>", "&amp; $x^2$", "%{x}"],
    "right to left": ["שפיר", "ممتاز", "Benign"],
    "long": [f"{LONG}{number}" for number in range(40)],
    "alike": [f"{LONG}{number}{LONG}" for number in range(3)],
    "many": [f"class {number}" for number in range(100)],
}


def counts(classes):
    return pd.DataFrame({"class": classes, "images": range(1, len(classes) + 1), "unusable": 0})


def figures(classes):
    matrix = np.eye(len(classes), dtype=int).tolist()
    return {
        "matrix": confusion_figure(matrix, classes, chosen=(classes[0], classes[-1])),
        "counts": class_counts_figure(counts(classes)),
        "parts": class_counts_figure(counts(classes).assign(train=3, validation=1, test=1)),
        "probabilities": probability_bars(classes, np.full(len(classes), 1 / len(classes))),
    }


def class_axes(figure, classes):
    axes = (figure.layout.xaxis, figure.layout.yaxis)
    return [axis for axis in axes if axis.categoryarray and list(axis.categoryarray) == list(classes)]


@pytest.mark.parametrize("kind", NAMES)
def test_every_axis_of_classes_has_them_as_categories_in_their_order(kind):
    for name, figure in figures(NAMES[kind]).items():
        axes = class_axes(figure, NAMES[kind])
        assert len(axes) == (2 if name == "matrix" else 1)
        for axis in axes:
            assert axis.type == "category"
            assert sorted(axis.range) == [-0.5, len(NAMES[kind]) - 0.5]
            assert len(set(axis.ticktext)) == len(axis.ticktext)


@pytest.mark.parametrize("kind", NAMES)
def test_no_name_is_markup_where_it_is_drawn(kind):
    for figure in figures(NAMES[kind]).values():
        drawn = json.loads(figure.to_json())
        texts = [text for axis in ("xaxis", "yaxis") for text in drawn["layout"][axis].get("ticktext", [])]
        texts += [text for trace in drawn["data"] for text in trace.get("hovertext", []) or []]
        texts += [text for trace in drawn["data"] if trace["type"] == "scatter" for text in trace["text"]]
        assert texts
        assert not [text for text in texts if re.search(r"<(?!br>)|\$|%\{|&(?!amp;|lt;|gt;|#36;|#37;)", text)]


@pytest.mark.parametrize("kind", ["long", "many", "alike"])
def test_names_leave_most_of_a_figure_to_its_cells_and_bars(kind):
    for figure in figures(NAMES[kind]).values():
        margin = figure.layout.margin
        assert margin.l + margin.r <= 220
        assert figure.layout.height - margin.t - margin.b >= 14 * len(NAMES[kind])


def test_a_matrix_of_few_classes_fits_a_narrow_screen():
    assert matrix_width(["Benign", "Early", "Pre", "Pro"]) <= 420
    assert matrix_width(NAMES["many"]) >= 1_800
