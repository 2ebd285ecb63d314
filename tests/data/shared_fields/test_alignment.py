"""Claims about two images on a common frame: planted crops lie where they were cut."""

import cv2
import numpy as np
import pytest

from allcore.data.shared_fields.alignment import EMPTY, aligned_views, blend, difference
from allcore.data.shared_fields.placement import Placement
from allcore.data.shared_fields.search import find_shared_fields
from allcore.errors import InputError
from tests.data.shared_fields.planted import (
    ORIENTATIONS,
    copy_of,
    crop_pair,
    large_field,
    placement_of_turn,
    turn_image,
)

FIELD = np.random.default_rng(3).integers(0, 256, (60, 80, 3), dtype=np.uint8)
INVERSE = {
    orientation: next(
        back for back in ORIENTATIONS if np.array_equal(turn_image(turn_image(FIELD, orientation), back), FIELD)
    )
    for orientation in ORIENTATIONS
}


def crop(left: int, top: int, width: int, height: int) -> np.ndarray:
    return FIELD[top : top + height, left : left + width]


def align(first: np.ndarray, second: np.ndarray, orientation: int, dx: int, dy: int):
    """Lay the turned first image `dx` right of and `dy` below the second, corner from corner."""
    height, width = turn_image(first, orientation).shape[:2]
    middles = dx + (width - second.shape[1]) / 2, dy + (height - second.shape[0]) / 2
    return aligned_views(first, second, placement_of_turn(orientation)._replace(dx=middles[0], dy=middles[1]))


def box(seen: np.ndarray) -> tuple[int, int, int, int]:
    """Return left, top, width and height of what is true, which fills them."""
    left, top, width, height = cv2.boundingRect(seen.astype(np.uint8))
    assert seen[top : top + height, left : left + width].all()
    return left, top, width, height


def within(image: np.ndarray, seen: np.ndarray) -> np.ndarray:
    left, top, width, height = box(seen)
    return image[top : top + height, left : left + width]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_crops_of_one_field_agree_where_both_show_it_in_every_orientation(orientation):
    first = turn_image(crop(5, 20, 30, 24), INVERSE[orientation])
    second = crop(15, 10, 40, 20)
    views = align(first, second, orientation, -10, 10)
    assert box(views.shared) == (10, 10, 20, 10)
    np.testing.assert_array_equal(within(views.first, views.shared), crop(15, 20, 20, 10))
    np.testing.assert_array_equal(within(views.second, views.shared), crop(15, 20, 20, 10))


def test_the_frame_holds_both_images_whole_and_is_grey_beside_them():
    first, second = crop(5, 20, 30, 24), crop(15, 10, 40, 20)
    views = align(first, second, 0, -10, 10)
    assert views.first.shape == views.second.shape == (34, 50, 3)
    for canvas, image, seen in (
        (views.first, first, views.first_seen),
        (views.second, second, views.second_seen),
    ):
        np.testing.assert_array_equal(within(canvas, seen), image)
        assert (canvas[~seen] == EMPTY).all()


def test_an_image_within_another_is_shared_whole():
    views = align(crop(20, 20, 10, 10), crop(10, 10, 40, 40), 0, 10, 10)
    assert views.first.shape == (40, 40, 3)
    assert box(views.shared) == box(views.first_seen) == (10, 10, 10, 10)
    assert sorted(map(tuple, views.outline)) == [(10, 10), (10, 20), (20, 10), (20, 20)]


def test_the_blend_of_two_crops_is_the_field_that_both_show_a_part_of():
    views = align(crop(10, 10, 20, 20), crop(20, 10, 20, 20), 0, -10, 0)
    np.testing.assert_array_equal(blend(views, 0.3), crop(10, 10, 30, 20))


@pytest.mark.parametrize(("weight", "expected"), [(0, 100), (0.25, 125), (1, 200)])
def test_the_second_image_counts_by_its_weight_where_both_show_something(weight, expected):
    first, second = np.full((8, 8, 3), 100, np.uint8), np.full((8, 8, 3), 200, np.uint8)
    both = blend(align(first, second, 0, 4, 0), weight)
    assert both[0, :, 0].tolist() == [200] * 4 + [expected] * 4 + [100] * 4


def test_the_difference_is_absolute_and_only_of_what_both_show():
    first, second = np.full((8, 8, 3), 250, np.uint8), np.full((8, 8, 3), 20, np.uint8)
    for one, other in ((first, second), (second, first)):
        apart = difference(align(one, other, 0, 0, 6))
        assert apart[:, 0, 0].tolist() == [EMPTY] * 6 + [230] * 2 + [EMPTY] * 6


@pytest.mark.parametrize(("dx", "dy"), [(8, 0), (0, -8), (100, 100)])
def test_a_placement_without_a_shared_pixel_is_refused(dx, dy):
    with pytest.raises(InputError, match="share nothing"):
        align(FIELD[:8, :8], FIELD[:8, :8], 0, dx, dy)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_what_the_search_found_is_aligned(orientation):
    rng = np.random.default_rng([5, orientation])
    first, second, _ = crop_pair(large_field(orientation, 320), 160, 0.5, orientation, rng)
    (row,) = find_shared_fields([first, second]).to_dict("records")
    views = aligned_views(first, second, Placement(*(row[field] for field in Placement._fields)))
    assert np.count_nonzero(views.shared) == pytest.approx(row["overlap"] * 160 * 160)
    assert np.median(np.abs(difference(views)[views.shared].astype(float))) <= 4


@pytest.mark.parametrize(("scale", "angle", "side"), [(0.5, 0, 160), (1.5, 13, 240), (0.8, -30, 160)])
def test_a_copy_in_another_size_and_at_an_angle_is_aligned_in_the_pixels_of_the_finer(scale, angle, side):
    image = large_field(2, 160)
    copy = copy_of(image, scale, angle)
    (row,) = find_shared_fields([image, copy]).to_dict("records")
    views = aligned_views(image, copy, Placement(*(row[field] for field in Placement._fields)))
    assert max(cv2.boundingRect(views.second_seen.astype(np.uint8))[2:]) == pytest.approx(side, abs=2)
    assert cv2.contourArea(views.outline.astype(np.float32)) == pytest.approx(np.count_nonzero(views.shared), rel=0.02)
    assert np.median(np.abs(difference(views)[views.shared].astype(float))) <= 6
