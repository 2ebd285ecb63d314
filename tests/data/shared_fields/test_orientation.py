"""Claims about the eight orientations: images, points and descriptions are turned alike."""

import numpy as np
import pytest
from scipy.fft import dctn

from allcore.data.shared_fields.landmarks import FREQUENCIES
from allcore.data.shared_fields.orientation import ORIENTATIONS, turn_frequencies, turn_image, turn_points


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_pixel_lies_in_the_turned_image_where_its_point_is_turned_to(orientation):
    image = np.arange(5 * 7).reshape(5, 7)
    x, y = np.meshgrid(np.arange(7), np.arange(5))
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    turned = turn_points(points, np.tile([7, 5], (len(points), 1)), orientation)
    assert turn_image(image, orientation)[turned[:, 1], turned[:, 0]].tolist() == image.ravel().tolist()


def test_the_eight_orientations_of_an_image_differ():
    image = np.arange(9).reshape(3, 3)
    assert len({turn_image(image, orientation).tobytes() for orientation in ORIENTATIONS}) == 8


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_turned_patch_has_the_turned_frequencies(orientation):
    patch = np.random.default_rng(0).normal(size=(9, 9))

    def spectrum(of):
        return dctn(of, norm="ortho")[FREQUENCIES[:, 0], FREQUENCIES[:, 1]][None]

    turned = turn_frequencies(spectrum(patch), FREQUENCIES, orientation)
    np.testing.assert_allclose(turned, spectrum(turn_image(patch, orientation)), atol=1e-12)
