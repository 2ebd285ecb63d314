"""Durations and memory in words."""

import math

import pytest

from allcore.number_text import (
    decimal,
    duration,
    memory,
    or_blank,
    part_of,
    per_cent,
    per_cent_within,
    percentage,
    percentages,
    speed,
    two_lines,
)
from allcore.text import counted

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


@pytest.mark.parametrize(("amount", "text"), [(700, "1 kB"), (3.2e6, "3 MB"), (1.5e9, "1.5 GB")])
def test_memory_is_said_in_the_unit_that_fits(amount, text):
    assert memory(amount) == text


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (per_cent(0.96594), "96.59 %"),
        (per_cent(None), "–"),
        (per_cent(1.0, 1), "100.0 %"),
        (per_cent(0.99961, 1), "> 99.9 %"),
        (per_cent(0.0003, 1), "< 0.1 %"),
        (per_cent(0.997, 0), "> 99 %"),
        (percentage(0.99996), "> 99.99"),
        (percentage(0.00004), "< 0.01"),
        (percentage(0.0213, sign="+"), "+2.13"),
        (percentage(0.0, sign="+"), "+0.00"),
        (percentage(math.nan), "–"),
        (percentages((0.925, 0.977)), "92.50 to 97.70"),
        (percentages((None, 0.977)), "–"),
        (per_cent_within(0.958, (0.925, 0.977)), "95.8 % (92.5 to 97.7)"),
        (per_cent_within(0.958, (None, None)), "95.8 %"),
        (per_cent_within(None, (None, None)), "undefined"),
        (two_lines(96.6, (92.5, 97.7)), "96.6\n(92.5–97.7)"),
        (two_lines(99.97, (98.5, 100.0)), "> 99.9\n(98.5–100.0)"),
        (two_lines(0.04, (0.0, 2.5)), "< 0.1\n(0.0–2.5)"),
        (two_lines(0.0, (-1.5, 1.5), "+"), "+0.0\n(−1.5 to +1.5)"),
        (two_lines(-2.0, (-4.0, 1.0), "+"), "−2.0\n(−4.0 to +1.0)"),
        (two_lines(math.nan, (math.nan, math.nan)), "–"),
        (or_blank(decimal(math.nan)), ""),
        (part_of(12, 260), "12 of 260 (4.6 %)"),
        (part_of(0, 0), "0 of 0"),
        (part_of(2603, 2604), "2,603 of 2,604 (> 99.9 %)"),
        (counted(0, "image"), "0 images"),
        (counted(1, "image"), "1 image"),
        (counted(1, "file was", "files were"), "1 file was"),
        (counted(2_000, "file was", "files were"), "2,000 files were"),
        (speed(None), "–"),
        (speed(0.314), "0.3"),
        (speed(2.7), "2.7"),
        (speed(9.97), "10"),
        (speed(143.7), "144"),
    ],
)
def test_numbers_read_alike_everywhere(shown, text):
    assert shown == text
