"""Augmentation: size, rotation, reflection, brightness, and what is drawn for an image in an epoch."""

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from allcore.augment import (
    IDENTITY,
    Change,
    apply_change,
    augment,
    draw_change,
    resize,
)
from allcore.config_parts import AugmentConfig

SIZE = 64
NO_AUGMENTATION = AugmentConfig(brightness=(1.0, 1.0), degrees=0.0, horizontal_flip=False, vertical_flip=False)
EVERYTHING = AugmentConfig(stain_jitter=0.3, grey=0.5, hide_scale_bar=0.5)


def noise(height: int = SIZE, width: int = SIZE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def smooth(height: int = SIZE, width: int = SIZE) -> np.ndarray:
    """Return an image without detail finer than a few pixels, as photographs through a microscope are."""
    return cv2.GaussianBlur(noise(height, width), (0, 0), 3)


def difference(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def checkerboard(side: int) -> np.ndarray:
    return np.dstack([(np.indices((side, side)).sum(axis=0) % 2 * 255).astype(np.uint8)] * 3)


def draws(config: AugmentConfig, count: int = 2000) -> list[Change]:
    return [draw_change(config, seed=1, epoch=0, index=index) for index in range(count)]


# Size


@pytest.mark.parametrize("config", [NO_AUGMENTATION, AugmentConfig(), EVERYTHING])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (224, 224), (40, 50), (30, 200), (200, 30)])
def test_any_image_becomes_a_square_of_bytes(height, width, config):
    changed = augment(noise(height, width), SIZE, config, seed=0, epoch=0, index=0)
    assert (changed.shape, changed.dtype) == ((SIZE, SIZE, 3), np.uint8)


def test_at_its_native_size_an_unchanged_image_keeps_its_pixels():
    np.testing.assert_array_equal(resize(noise(), SIZE), noise())


@pytest.mark.parametrize("border", ["reflect", "replicate", "white"])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (40, 50), (30, 200), (100, 150)])
def test_training_with_everything_off_and_serving_resize_alike(height, width, border):
    config = NO_AUGMENTATION.model_copy(update={"border": border})
    image = noise(height, width)
    np.testing.assert_array_equal(augment(image, SIZE, config, 3, 4, 5), resize(image, SIZE))


@pytest.mark.parametrize("size", [65, 80, 100, 128, 200])
def test_enlarging_is_bilinear(size):
    expected = cv2.resize(smooth(), (size, size), interpolation=cv2.INTER_LINEAR)
    assert difference(resize(smooth(), size), expected) <= 1
    rough = cv2.resize(noise(), (size, size), interpolation=cv2.INTER_LINEAR)
    assert difference(resize(noise(), size), rough) <= 255 / 32, "the warp knows 1/32 of a pixel"


def test_shrinking_is_the_mean_of_the_area():
    blocks = noise(3 * SIZE, 3 * SIZE).reshape(SIZE, 3, SIZE, 3, 3).mean(axis=(1, 3))
    assert np.abs(resize(noise(3 * SIZE, 3 * SIZE), SIZE) - blocks).max() <= 0.5


@pytest.mark.parametrize("size", [112, 96, 64, 50])
def test_shrinking_turns_detail_too_fine_to_show_into_grey(size):
    shrunk = resize(checkerboard(224), size)
    assert np.abs(shrunk.astype(int) - 127.5).max() <= 6


def test_fine_detail_turns_grey_under_rotation_too():
    shrunk = apply_change(checkerboard(224), 112, Change(degrees=30))
    assert np.abs(shrunk.astype(int) - 127.5).max() <= 6


def test_a_side_may_shrink_while_the_other_is_enlarged():
    image = smooth(200, 40)
    tall = cv2.resize(image, (40, SIZE), interpolation=cv2.INTER_AREA)
    expected = cv2.resize(tall, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    assert difference(resize(image, SIZE), expected) <= 1


# Rotation and reflection


@pytest.mark.parametrize(("degrees", "quarters"), [(90, 1), (180, 2), (-90, -1), (-180, 2)])
def test_a_quarter_turn_is_counter_clockwise_and_exact(degrees, quarters):
    np.testing.assert_array_equal(apply_change(noise(), SIZE, Change(degrees=degrees)), np.rot90(noise(), quarters))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(horizontal_flip=True), np.fliplr),
        (Change(vertical_flip=True), np.flipud),
        (Change(horizontal_flip=True, vertical_flip=True), lambda a: a[::-1, ::-1]),
    ],
    ids=["left and right", "top and bottom", "both"],
)
def test_a_reflection_is_exact(change, expected):
    np.testing.assert_array_equal(apply_change(noise(), SIZE, change), expected(noise()))
    np.testing.assert_array_equal(apply_change(noise(128, 192), SIZE, change), expected(resize(noise(128, 192), SIZE)))


def test_an_image_that_is_not_square_is_stretched_first_and_turned_then():
    turned = apply_change(smooth(48, 64), SIZE, Change(degrees=90))
    assert difference(turned, np.rot90(resize(smooth(48, 64), SIZE))) <= 1


def test_turning_there_and_back_leaves_the_middle_as_it_was():
    back = apply_change(apply_change(smooth(), SIZE, Change(degrees=17)), SIZE, Change(degrees=-17))
    middle = slice(SIZE // 4, -SIZE // 4)
    assert difference(back[middle, middle], smooth()[middle, middle]) <= 6


@pytest.mark.parametrize(("border", "corner"), [("reflect", 90), ("replicate", 90), ("white", 255)])
def test_corners_that_a_rotation_uncovers_are_filled_as_asked(border, corner):
    image = np.full((SIZE, SIZE, 3), 90, np.uint8)
    turned = apply_change(image, SIZE, Change(degrees=45), border)
    assert turned[0, 0].tolist() == [corner] * 3
    assert turned[SIZE // 2, SIZE // 2].tolist() == [90] * 3


def test_a_reflected_border_continues_the_picture_and_a_replicated_one_its_rim():
    image = np.full((SIZE, SIZE, 3), 200, np.uint8)
    image[:3] = 0
    corners = {b: apply_change(image, SIZE, Change(degrees=45), b)[0, 0, 0] for b in ("reflect", "replicate")}
    assert corners == {"reflect": 200, "replicate": 0}


# Brightness


@pytest.mark.parametrize("factor", [0.8, 0.93, 1.1, 1.2])
def test_brightness_multiplies_every_value(factor):
    dim = noise() // 2
    expected = np.floor(dim * factor + 0.5)
    assert np.abs(apply_change(dim, SIZE, Change(brightness=factor)) - expected).max() <= 1
    assert apply_change(dim, SIZE, Change(brightness=factor)).mean() == pytest.approx(dim.mean() * factor, rel=2e-3)


def test_black_stays_black_and_white_cannot_grow_brighter():
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    image[:, 32:] = 240
    bright = apply_change(image, SIZE, Change(brightness=1.2))
    assert bright[0, 0].tolist() == [0, 0, 0]
    assert bright[0, 63].tolist() == [255, 255, 255]


# What is drawn


def test_the_same_seed_epoch_and_index_give_the_same_pixels():
    first, again = (augment(noise(), SIZE, EVERYTHING, seed=5, epoch=2, index=7) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("other", [(6, 2, 7), (5, 3, 7), (5, 2, 8), (5, 3, 6), (4, 3, 7), (5, 7, 2)])
def test_another_seed_epoch_or_index_gives_another_change(other):
    assert draw_change(AugmentConfig(), 5, 2, 7) != draw_change(AugmentConfig(), *other)


@pytest.mark.parametrize(
    ("off", "field"),
    [
        ({"degrees": 0.0}, "degrees"),
        ({"brightness": (1.0, 1.0)}, "brightness"),
        ({"horizontal_flip": False}, "horizontal_flip"),
        ({"vertical_flip": False}, "vertical_flip"),
        ({"grey": 0.0}, "grey"),
        ({"hide_scale_bar": 0.0}, "hide_scale_bar"),
    ],
)
def test_switching_one_operation_off_leaves_the_others_alone(off, field):
    without = draws(EVERYTHING.model_copy(update=off), 50)
    with_it = draws(EVERYTHING, 50)
    neutral = getattr(IDENTITY, field)
    assert [replace(change, **{field: neutral}) for change in with_it] == without
    assert with_it != without


def test_switching_the_stain_off_leaves_the_others_alone():
    without = draws(EVERYTHING.model_copy(update={"stain_jitter": 0.0}), 50)
    still = {"stain_scale": IDENTITY.stain_scale, "stain_shift": IDENTITY.stain_shift}
    assert [replace(change, **still) for change in draws(EVERYTHING, 50)] == without


def test_with_everything_off_nothing_is_changed():
    assert set(draws(NO_AUGMENTATION, 50)) == {IDENTITY}


def test_by_default_only_brightness_rotation_and_reflections_are_changed():
    changed = {f.name for f in fields(Change) for c in draws(AugmentConfig(), 50) if getattr(c, f.name) != f.default}
    assert changed == {"degrees", "horizontal_flip", "vertical_flip", "brightness"}


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("degrees", -35.0, 35.0), ("brightness", 0.7, 1.4), ("scale", 0.6, 1.4), ("shift", -0.08, 0.08)],
)
def test_what_is_drawn_fills_its_range_evenly_and_stays_in_it(name, low, high):
    config = AugmentConfig(degrees=35.0, brightness=(0.7, 1.4), stain_jitter=0.4)
    drawn = {
        "degrees": [change.degrees for change in draws(config)],
        "brightness": [change.brightness for change in draws(config)],
        "scale": [value for change in draws(config) for value in change.stain_scale],
        "shift": [value for change in draws(config) for value in change.stain_shift],
    }[name]
    share = (np.array(drawn) - low) / (high - low)
    assert share.min() >= 0
    assert share.max() <= 1
    np.testing.assert_allclose(np.quantile(share, [0, 0.25, 0.5, 0.75, 1]), [0, 0.25, 0.5, 0.75, 1], atol=0.04)


@pytest.mark.parametrize(
    ("name", "expected"), [("horizontal_flip", 0.5), ("vertical_flip", 0.5), ("grey", 0.2), ("hide_scale_bar", 0.9)]
)
def test_what_happens_sometimes_happens_as_often_as_asked(name, expected):
    config = AugmentConfig(grey=0.2, hide_scale_bar=0.9)
    assert np.mean([getattr(change, name) for change in draws(config)]) == pytest.approx(expected, abs=0.04)
