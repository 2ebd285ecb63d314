"""Cells and field, taken apart and put together anew."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from allcore.cells.compose import PLAIN, SEAM, alone, on_field, painted_out, shrunk_cells

SIDE = 48


def noise(seed, shape=(SIDE, SIDE, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def blobs(seed, count):
    """Return a label image of round cells, some of them cut by the border or by one another."""
    rng, cells = np.random.default_rng(seed), np.zeros((SIDE, SIDE), np.uint8)
    for number in range(1, count + 1):
        x, y, radius = (int(value) for value in rng.integers([0, 0, 3], [SIDE, SIDE, 12]))
        cv2.circle(cells, (x, y), radius, number, -1)
    return cells


def eroded(mask, by):
    return cv2.erode(mask.astype(np.uint8), np.ones((2 * by + 1, 2 * by + 1), np.uint8)) > 0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 6))
def test_a_transplant_changes_nothing_inside_the_cells_and_nothing_far_from_them(seed, count):
    image, field, cells = noise(seed), noise(seed + 1), blobs(seed, count)
    result = on_field(image, cells, field)
    core, far = eroded(cells > 0, SEAM), eroded(cells == 0, SEAM)
    np.testing.assert_array_equal(result[core], image[core])
    np.testing.assert_array_equal(result[far], field[far])
    low, high = np.minimum(image, field), np.maximum(image, field)
    assert ((result >= low) & (result <= high)).all()


def test_cells_alone_stand_on_plain_grey():
    cells = blobs(3, 4)
    result = alone(noise(0), cells)
    assert (result[eroded(cells == 0, SEAM)] == PLAIN).all()


def test_painting_out_takes_every_pixel_of_the_cells_from_around_them_and_leaves_the_rest():
    cells = blobs(5, 4)
    image = np.full((SIDE, SIDE, 3), (240, 238, 250), np.uint8)
    image[cells > 0] = noise(1)[cells > 0]
    result = painted_out(image, cells)
    assert np.abs(result.astype(int) - (240, 238, 250)).max() <= 4


def test_without_cells_painting_out_and_transplanting_do_nothing_to_the_field():
    image, none = noise(0), np.zeros((SIDE, SIDE), np.uint8)
    np.testing.assert_array_equal(painted_out(image, none), image)
    np.testing.assert_array_equal(on_field(noise(1), none, image), image)


def test_labels_are_shrunk_without_new_numbers():
    cells = np.kron(np.array([[0, 7], [200, 3]], np.uint8), np.ones((24, 24), np.uint8))
    np.testing.assert_array_equal(np.unique(shrunk_cells(cells, (20, 16))), [0, 3, 7, 200])
