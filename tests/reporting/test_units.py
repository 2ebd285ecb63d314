"""Durations and memory in words."""

import pytest

from allcore.reporting.units import duration, memory

DURATIONS = [
    (None, "–"),
    (-1, "0 s"),
    (0.2, "0 s"),
    (89, "89 s"),
    (90, "2 min"),
    (3_540, "59 min"),
    (3_599, "1 h 00 min"),
    (12_024, "3 h 20 min"),
]


@pytest.mark.parametrize(("seconds", "text"), DURATIONS)
def test_durations_are_said_in_the_unit_that_fits(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("amount", "text"), [(700, "1 KiB"), (3 * 2**20, "3 MiB"), (1.5 * 2**30, "1.5 GiB")])
def test_memory_is_said_in_the_unit_that_fits(amount, text):
    assert memory(amount) == text
