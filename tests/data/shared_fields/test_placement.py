"""Claims about how one image lies on another."""

import cv2
import numpy as np
import pytest

from allcore.data.shared_fields.placement import Placement, placement_of
from tests.data.shared_fields.planted import ORIENTATIONS, placement_of_turn, turn_image


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_quarter_turn_lays_pixel_on_pixel(orientation):
    image = np.arange(5 * 7, dtype=np.uint8).reshape(5, 7)
    turned = turn_image(image, orientation)
    placement = placement_of_turn(orientation).on_whole_pixels(image.shape, turned.shape)
    matrix = placement.matrix(image.shape, turned.shape)
    laid = cv2.warpAffine(image, matrix, turned.shape[::-1], flags=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(laid, turned)


def test_a_point_is_mirrored_then_enlarged_then_turned_counter_clockwise_then_shifted():
    placement = Placement(2.0, 90.0, True, 3.0, 0.0)
    right_of_middle = np.array([4.0 + 1, 2.0, 1.0])  # of 9 x 5 pixels; mirrored it lies left, turned then it lies below
    assert placement.matrix((5, 9), (5, 9)) @ right_of_middle == pytest.approx([4 + 3, 2 + 2])


@pytest.mark.parametrize("placement", [Placement(0.5, 30.0, False, 3.0, -4.0), Placement(1.5, -170.0, True, 0.5, 9.0)])
def test_a_placement_is_found_again_in_its_map(placement):
    unmirrored = placement.linear * [-1 if placement.mirrored else 1, 1]
    similarity = np.column_stack([unmirrored, [placement.dx, placement.dy]])
    assert placement_of(similarity, mirrored=placement.mirrored) == pytest.approx(placement)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, (0.5, 0.0)), (1.1, (0.3, 0.2))])
def test_only_an_upright_placement_is_moved_onto_whole_pixels(scale, shift):
    placement = Placement(scale, 0.0, False, 0.3, 0.2)
    moved = placement.on_whole_pixels((5, 6), (5, 5))  # the middles of 6 and of 5 pixels lie half a pixel apart
    assert moved == pytest.approx((scale, 0.0, False, *shift))
