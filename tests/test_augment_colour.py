"""Augmentation of colour: the stain, grey, and the scale bar painted over."""

import cv2
import numpy as np
import pytest

from allcore.augment import Change, apply_change, augment
from allcore.config_parts import AugmentConfig
from allcore.data.scale_bar import SCALE_BAR_CORNER, hide_scale_bar
from allcore.data.stain.dyes import restain
from tests.data.pictures import smear

SIZE = 64
NO_AUGMENTATION = AugmentConfig(brightness=(1.0, 1.0), degrees=0.0, horizontal_flip=False, vertical_flip=False)


# Stain


def test_no_change_of_the_stain_returns_every_value_as_it_was():
    values = np.arange(256, dtype=np.uint8)
    image = np.stack(np.meshgrid(values, values[::17], values[::17], indexing="ij"), axis=-1).reshape(256, 256, 3)
    np.testing.assert_array_equal(restain(image, (1.0, 1.0), (0.0, 0.0)), image)


@pytest.mark.parametrize("scale", [(0.0, 0.0), (0.5, 1.5), (2.0, 2.0)])
def test_scaling_the_dyes_leaves_the_white_background_white(scale):
    white = np.full((SIZE, SIZE, 3), 255, np.uint8)
    assert restain(white, scale, (0.0, 0.0)).min() >= 254


def test_an_amount_of_one_dye_is_scaled_and_the_other_left():
    """Beer and Lambert's law, reckoned here with a linear solver instead of an inverse matrix."""
    azure, eosin = np.array([0.834750, 0.513556, 0.196330]), np.array([0.092789, 0.954111, 0.283111])
    amounts = np.array([0.4, 0.3])
    stained = np.full((4, 4, 3), 256 * np.exp(-amounts @ [azure, eosin]) - 1).round().astype(np.uint8)
    changed = restain(stained, (1.5, 1.0), (0.0, 0.0))[0, 0]
    density = -np.log((changed + 1.0) / 256)
    found = np.linalg.lstsq(np.column_stack([azure, eosin]), density, rcond=None)[0]
    np.testing.assert_allclose(found, [0.6, 0.3], atol=0.02)


def test_a_shift_adds_the_same_amount_of_dye_everywhere():
    shifted = restain(np.full((4, 4, 3), 255, np.uint8), (1.0, 1.0), (0.2, 0.1))[0, 0]
    density = 0.2 * np.array([0.834750, 0.513556, 0.196330]) + 0.1 * np.array([0.092789, 0.954111, 0.283111])
    np.testing.assert_allclose(shifted, 256 * np.exp(-density) - 1, atol=1.0)


def test_stain_jitter_stays_a_change_of_stain():
    """At a tenth, no pixel of a purple and pink field moves by more than a quarter of the range."""
    rng = np.random.default_rng(0)
    density = rng.uniform(0, 1, (SIZE, SIZE, 2)) @ [[0.834750, 0.513556, 0.196330], [0.092789, 0.954111, 0.283111]]
    field = np.clip(256 * np.exp(-density) - 1, 0, 255).astype(np.uint8)
    config = NO_AUGMENTATION.model_copy(update={"stain_jitter": 0.1})
    changes = [np.abs(augment(field, SIZE, config, 0, 0, index).astype(int) - field).max() for index in range(50)]
    assert 0 < max(changes) <= 64


# Grey and the scale bar


def test_grey_has_three_equal_channels_after_a_change_of_brightness_too():
    grey = apply_change(smear(SIZE, SIZE), SIZE, Change(grey=True, brightness=1.1, degrees=10))
    assert (grey[..., 0] == grey[..., 1]).all()
    assert (grey[..., 1] == grey[..., 2]).all()
    assert grey.std() > 10


@pytest.mark.parametrize(("height", "width", "rows", "columns"), [(224, 224, 32, 36), (448, 224, 64, 36)])
def test_hiding_the_scale_bar_paints_its_corner_in_the_median_colour_and_nothing_else(height, width, rows, columns):
    image = smear(height, width)
    hidden = hide_scale_bar(image)
    corner = hidden[height - rows :, width - columns :]
    assert np.abs(corner - np.median(image, axis=(0, 1))).max() < 1
    outside = np.ones((height, width), bool)
    outside[height - rows :, width - columns :] = False
    np.testing.assert_array_equal(hidden[outside], image[outside])


@pytest.mark.parametrize(
    ("top", "left", "bottom", "right", "colour"),
    [(30, 31, 2, 0, [255, 255, 255]), (18, 30, 6, 6, [255, 255, 255]), (15, 30, 6, 11, [60, 50, 210])],
    ids=["white box, 200 pi", "white box, 100 px", "red text"],
)
def test_hiding_covers_the_bars_of_the_real_images(top, left, bottom, right, colour):
    """Where the three kinds of bars stand at 224 px, in pixels from the lower right, and what JPEG spreads of them."""
    image = np.full((224, 224, 3), 180, np.uint8)
    rows, columns = slice(224 - top, 224 - bottom), slice(224 - left, 224 - right)
    image[rows, columns] = colour
    stored = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], cv2.IMREAD_COLOR)
    assert np.abs(stored[rows, columns].astype(int) - 180).max() > 60
    assert np.abs(hide_scale_bar(stored).astype(int) - 180).max() <= 1


def test_hiding_leaves_the_given_image_alone():
    image = smear(224, 224)
    hide_scale_bar(image)
    np.testing.assert_array_equal(image, smear(224, 224))


def test_the_scale_bar_is_hidden_where_it_stood_in_the_file_whatever_the_rotation():
    image = np.full((224, 224, 3), 200, np.uint8)
    rows, columns = (round(224 * fraction) for fraction in SCALE_BAR_CORNER)
    image[224 - rows :, 224 - columns :] = [255, 0, 0]
    for degrees in (0, 20, 90):
        assert (apply_change(image, 224, Change(degrees=degrees, hide_scale_bar=True)) == 200).all()
