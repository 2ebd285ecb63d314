"""Pixels as files, and smaller."""

import numpy as np
import pytest

from allcore.data.encode import jpeg, png, shrunk
from allcore.data.intake.images import decode
from tests.data.pictures import smear


def test_a_png_holds_the_very_pixels():
    np.testing.assert_array_equal(decode(png(smear())), smear())


def test_a_jpeg_has_the_colours_and_is_smaller_at_a_lower_quality():
    red = np.full((16, 16, 3), (200, 40, 10), np.uint8)
    assert np.abs(decode(jpeg(red, 95)).astype(int) - red).max() <= 3
    assert len(jpeg(smear(), 30)) < len(jpeg(smear(), 95))


@pytest.mark.parametrize(
    ("height", "width", "shape"), [(40, 80, (20, 40, 3)), (80, 40, (40, 20, 3)), (8, 400, (1, 40, 3)), (24, 32, None)]
)
def test_the_longer_side_is_reduced_and_never_enlarged(height, width, shape):
    assert shrunk(smear(height, width), 40).shape == (shape or (height, width, 3))
