"""Claims about two images on a common frame: planted crops lie where they were cut."""

import numpy as np
import pytest

from allcore.data.shared_fields.alignment import EMPTY, aligned_views, blend, difference
from allcore.data.shared_fields.orientation import ORIENTATIONS, turn_image
from allcore.data.shared_fields.search import find_shared_fields
from allcore.errors import InputError
from tests.data.shared_fields.planted import crop_pair, large_field

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
    return aligned_views(first, second, orientation % 4, orientation >= 4, dx, dy)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_crops_of_one_field_agree_where_both_show_it_in_every_orientation(orientation):
    first = turn_image(crop(5, 20, 30, 24), INVERSE[orientation])
    second = crop(15, 10, 40, 20)
    views = align(first, second, orientation, -10, 10)
    assert views.shared == (10, 10, 20, 10)
    np.testing.assert_array_equal(views.first[views.shared.pixels], crop(15, 20, 20, 10))
    np.testing.assert_array_equal(views.second[views.shared.pixels], crop(15, 20, 20, 10))


def test_the_frame_holds_both_images_whole_and_is_grey_beside_them():
    first, second = crop(5, 20, 30, 24), crop(15, 10, 40, 20)
    views = align(first, second, 0, -10, 10)
    assert views.first.shape == views.second.shape == (34, 50, 3)
    for canvas, image, place in (
        (views.first, first, views.first_at),
        (views.second, second, views.second_at),
    ):
        np.testing.assert_array_equal(canvas[place.pixels], image)
        canvas[place.pixels] = EMPTY
        assert (canvas == EMPTY).all()


def test_an_image_within_another_is_shared_whole():
    views = align(crop(20, 20, 10, 10), crop(10, 10, 40, 40), 0, 10, 10)
    assert views.first.shape == (40, 40, 3)
    assert views.shared == views.first_at == (10, 10, 10, 10)


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
    views = aligned_views(first, second, row["quarter_turns"], row["mirrored"], row["dx"], row["dy"])
    shared = views.shared
    assert shared.width * shared.height == pytest.approx(row["overlap"] * 160 * 160)
    assert np.median(np.abs(difference(views)[shared.pixels].astype(float))) <= 4
