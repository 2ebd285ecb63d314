"""Claims about the pictures of two images of one field."""

import numpy as np

from allcore.data.shared_fields.alignment import EMPTY, aligned_views
from allcore.data.shared_fields.placement import Placement
from allcore.reporting.aligned_pair import OUTLINE, blended, differing, side_by_side

SIDE, DX, DY = 100, 40, 20
VIEWS = aligned_views(
    np.full((SIDE, SIDE, 3), 200, np.uint8), np.full((SIDE, SIDE, 3), 80, np.uint8), Placement(1, 0, False, DX, DY)
)


def is_outline(picture: np.ndarray) -> np.ndarray:
    return (picture == OUTLINE).all(axis=-1)


def test_what_both_show_is_outlined_in_every_picture_and_nothing_else():
    for picture in (*side_by_side(VIEWS), blended(VIEWS, 0.5), differing(VIEWS)):
        assert picture.shape == (2 * (SIDE + DY), 2 * (SIDE + DX), 3)
        rows, columns = np.nonzero(is_outline(picture))
        assert abs(rows.min() - 2 * DY) <= 2
        assert abs(rows.max() - 2 * SIDE) <= 2
        assert abs(columns.min() - 2 * DX) <= 2
        assert abs(columns.max() - 2 * SIDE) <= 2


def test_each_image_lies_in_its_place():
    first, second = side_by_side(VIEWS)
    corner, far = (10, 10), (-10, -10)
    assert (first[corner][0], second[corner][0]) == (EMPTY, 80)
    assert (first[far][0], second[far][0]) == (200, EMPTY)


def test_within_the_outline_the_blend_lies_between_and_the_difference_is_shown():
    within = (DY + SIDE, DX + SIDE)
    assert [blended(VIEWS, weight)[within][0] for weight in (0, 0.25, 1)] == [200, 170, 80]
    assert differing(VIEWS)[within][0] == 120


def test_a_large_frame_is_reduced_and_a_small_one_enlarged_twice_at_most():
    large = np.zeros((2000, 3000, 3), np.uint8)
    picture, _ = side_by_side(aligned_views(large, large, Placement(1, 90, False, 0, 0)))
    assert picture.shape == (900, 900, 3)  # the frame holds one image upright and one lying
    small = np.zeros((10, 10, 3), np.uint8)
    assert side_by_side(aligned_views(small, small, Placement(1, 0, False, 0, 0)))[0].shape == (20, 20, 3)
