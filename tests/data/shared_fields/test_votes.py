"""Meetings of landmarks are counted where they are, and in the cells beside: shifts end, angles go round."""

import numpy as np
import pytest

from allcore.data.shared_fields import candidates
from allcore.data.shared_fields.meetings import _each_once


def near(one, other):
    """Return whether two cells (kind, angle, x, y) are one, or touch."""
    turned = abs(one[1] - other[1])
    round_the_circle = min(turned, candidates._ANGLE_CELLS - turned)
    return one[0] == other[0] and round_the_circle <= 1 and abs(one[2] - other[2]) <= 1 and abs(one[3] - other[3]) <= 1


@pytest.mark.parametrize("seed", range(4))
def test_votes_are_those_of_a_cell_and_of_all_that_touch_it(seed):
    rng = np.random.default_rng(seed)
    shifts = np.array([1, 2, 3, candidates._SHIFT_CELLS - 3, candidates._SHIFT_CELLS - 2])
    kind, angle = rng.integers(0, 3, 300), rng.choice([0, 1, 2, 22, 23], 300)
    x, y = rng.choice(shifts, (2, 300))
    alone, votes = candidates._votes(kind, angle, x, y)
    cells = list(zip(kind, angle, x, y, strict=True))
    assert alone.tolist() == [cells.count(cell) for cell in cells]
    assert votes.tolist() == [sum(near(cell, other) for other in cells) for cell in cells]


@pytest.mark.parametrize("numbers", [[], [5], [3, 3, 3], [4, 1, 4, 2**62, 1, 0]])
def test_each_meeting_is_counted_once(numbers):
    parts = [np.array(numbers[:2], np.int64), np.array(numbers[2:], np.int64)]
    assert _each_once(parts).tolist() == sorted(set(numbers))


def test_means_of_angles_go_round_the_circle():
    turns = np.array([[3.1, -3.1], [0.2, 0.4], [1.0, 1.0]], np.float32)
    found = candidates._mean_angles(turns.ravel(), np.array([0, 2, 4]))
    for mean, (one, other) in zip(found, turns, strict=True):
        direction = np.exp(1j * one) + np.exp(1j * other)
        assert np.exp(-1j * np.radians(mean)) == pytest.approx(direction / abs(direction), abs=1e-5)
