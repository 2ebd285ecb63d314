"""The colours of one image given to another."""

import cv2
import numpy as np
import pytest

from allcore.data.stain.lab_colours import lab_colours, recolour
from allcore.data.synthetic import draw_field


@pytest.fixture(scope="module")
def fields():
    return [draw_field(label, np.random.default_rng(0), 96) for label in ("Early", "Pro")]


def test_colours_are_mean_and_spread_in_lab(fields):
    lab = cv2.cvtColor(fields[0], cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(float)
    np.testing.assert_allclose(lab_colours(fields[0]), [lab.mean(axis=0), lab.std(axis=0)])


def test_a_recoloured_image_has_the_colours_of_the_other(fields):
    one, other = fields
    wanted, got = lab_colours(other), lab_colours(recolour(one, lab_colours(other)))
    assert np.abs(got - wanted).max() < 3  # what leaves 8 bits is cut off
    assert np.abs(lab_colours(one) - wanted).max() > 10


def test_strength_0_leaves_the_colours_and_half_goes_half_of_the_way(fields):
    one, other = (lab_colours(field) for field in fields)
    assert np.abs(recolour(fields[0], other, 0.0).astype(int) - fields[0]).mean() < 2
    half = lab_colours(recolour(fields[0], other, 0.5))
    assert np.abs(half[0] - (one[0] + other[0]) / 2).max() < 3


def test_a_plain_image_is_not_made_of_noise(fields):
    plain = np.full((32, 32, 3), 200, np.uint8)
    plain[0, 0] = 201
    assert np.ptp(recolour(plain, lab_colours(fields[0])).astype(int), axis=(0, 1)).max() < 60
