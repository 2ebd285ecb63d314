"""The overlay colours what spoke for a class and what spoke against it, and nothing else."""

import tracemalloc

import numpy as np
import pytest

from allcore.inference.overlay import overlay


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (40, 70, 3), dtype=np.uint8)


@pytest.fixture
def evidence():
    return np.random.default_rng(1).normal(size=(6, 6)).astype(np.float32)


def test_overlay_has_the_images_size_and_type(image, evidence):
    picture = overlay(image, evidence)
    assert (picture.shape, picture.dtype) == (image.shape, np.uint8)


def test_opacity_0_is_the_image(image, evidence):
    np.testing.assert_array_equal(overlay(image, evidence, opacity=0.0), image)


def test_no_evidence_is_the_image(image):
    np.testing.assert_array_equal(overlay(image, np.zeros((6, 6), np.float32)), image)


def test_image_is_left_as_it_was(image, evidence):
    before = image.copy()
    overlay(image, evidence)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(("sign", "more", "less"), [(1.0, 0, 2), (-1.0, 2, 0)], ids=["orange for", "blue against"])
def test_colour_tells_the_sign(sign, more, less):
    grey = np.full((32, 32, 3), 128, np.uint8)
    colour = overlay(grey, np.full((2, 2), sign, np.float32))[16, 16].astype(int)
    assert colour[more] > 128 > colour[less]


def test_colour_stands_where_the_evidence_is():
    grey = np.full((40, 40, 3), 128, np.uint8)
    evidence = np.zeros((4, 4), np.float32)
    evidence[0, 3] = 1.0
    changed = (overlay(grey, evidence) != 128).any(axis=2)
    assert changed[:10, 30:].all()
    assert not changed[20:].any()
    assert not changed[:, :20].any()


def test_scale_sets_what_is_drawn_at_full_opacity(image, evidence):
    own = float(np.abs(evidence).max())
    np.testing.assert_array_equal(overlay(image, evidence, scale=own), overlay(image, evidence))
    changed_by = [np.abs(overlay(image, evidence, scale=scale).astype(int) - image).mean() for scale in (own, 4 * own)]
    assert changed_by[1] < changed_by[0]


def test_a_photograph_of_many_megapixels_takes_little_more_than_itself(evidence):
    image = np.full((2000, 2000, 3), 128, np.uint8)
    tracemalloc.start()
    try:
        picture = overlay(image, evidence)
        assert tracemalloc.get_traced_memory()[1] < 16 * 2000 * 2000
    finally:
        tracemalloc.stop()
    changed = (picture != 128).any(axis=2)
    assert changed[[0, -1]].any(axis=1).all()  # the first strip, and the last one, which is not a whole one
