"""Colour moments are those of the pixels, by the plain formulas."""

import numpy as np
from scipy import stats

from allcore.data.stain.colour_moments import colour_moments


def test_the_moments_are_those_of_the_pixels() -> None:
    image = np.random.default_rng(0).gamma(2, 30, (40, 50, 3)).clip(0, 255).astype(np.uint8)

    pixels = image.reshape(-1, 3).astype(np.float64)
    expected = [*pixels.mean(axis=0), *pixels.std(axis=0), *np.cbrt(stats.moment(pixels, 3, axis=0))]
    np.testing.assert_allclose(colour_moments(image), expected, rtol=1e-5)


def test_a_skew_towards_dark_is_negative() -> None:
    image = np.full((10, 10, 3), 200, np.uint8)
    image[0, 0] = 0

    assert (colour_moments(image)[6:] < 0).all()


def test_an_image_of_one_colour_has_no_deviation_and_no_skewness() -> None:
    image = np.full((8, 8, 3), (10, 120, 250), np.uint8)

    np.testing.assert_allclose(colour_moments(image), [10, 120, 250, 0, 0, 0, 0, 0, 0], atol=1e-4)


def test_where_the_pixels_are_does_not_matter() -> None:
    image = np.random.default_rng(1).integers(0, 256, (12, 20, 3), dtype=np.uint8)

    np.testing.assert_array_equal(colour_moments(image), colour_moments(image[::-1, ::-1].transpose(1, 0, 2)))
