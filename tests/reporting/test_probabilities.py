"""Probability bars."""

import numpy as np
import pytest

from allcore.reporting.colours import class_colours
from allcore.reporting.probabilities import probability_bars

CLASSES = ("Benign", "Early", "Pre", "Pro")
PROBABILITIES = np.array([0.02, 0.08, 0.15, 0.75])


def test_bars_are_in_per_cent_and_in_the_order_of_the_classes():
    bars = probability_bars(CLASSES, PROBABILITIES).data[0]
    assert tuple(bars.y) == CLASSES
    assert tuple(bars.x) == pytest.approx((2, 8, 15, 75))


def test_each_class_has_its_colour():
    bars = probability_bars(CLASSES, PROBABILITIES).data[0]
    assert list(bars.marker.color) == list(class_colours(CLASSES).values())


def test_axis_names_its_unit():
    assert "(%)" in probability_bars(CLASSES, PROBABILITIES).layout.xaxis.title.text


def test_numbers_as_class_names_stay_names():
    assert probability_bars(("1", "2"), np.array([0.5, 0.5])).layout.yaxis.type == "category"


def test_what_is_not_all_and_not_nothing_is_not_rounded_to_it():
    bars = probability_bars(("A", "B", "C"), np.array([0.9997, 0.0003, 0.0])).data[0]
    assert list(bars.text) == ["> 99.9 %", "< 0.1 %", "0.0 %"]
    assert list(probability_bars(("A",), np.array([0.99999])).data[0].hovertext) == ["A<br>> 99.99 %"]
