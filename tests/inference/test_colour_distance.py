"""The distance of colours is about 1 for images like those trained on, each class judged by its own spread."""

from dataclasses import replace

import numpy as np
import pytest

from allcore.data.stain.colour_moments import MOMENTS, colour_moments
from allcore.inference.colour_distance import fit_colours
from tests.inference.likeness import CLASSES, colours_like


def fitted(images=400):
    return fit_colours(*colours_like(images, seed=0))


@pytest.mark.parametrize(("images", "low", "high"), [(24, 0.7, 1.8), (52, 0.7, 1.4), (400, 0.8, 1.2)])
def test_distance_is_about_1_for_unseen_colours_of_the_same_kind(images, low, high):
    unseen, _ = colours_like(300, seed=1)
    assert low < np.median(fitted(images).distance(unseen)) < high


def test_distance_is_that_of_the_nearest_class():
    model = fitted()
    unseen, labels = colours_like(50, seed=1)
    each = [
        replace(model, means=model.means[number : number + 1], whitening=model.whitening[number : number + 1])
        for number in range(CLASSES)
    ]
    distances = [one.distance(unseen) for one in each]
    np.testing.assert_allclose(model.distance(unseen), np.min(distances, axis=0), rtol=1e-9)
    np.testing.assert_array_equal(np.argmin(distances, axis=0), labels)


def test_class_that_varies_little_is_stricter_than_one_that_varies_much():
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2
    means = np.array([[100.0], [200.0]]) * np.ones(MOMENTS)
    colours = means[labels] + rng.normal(size=(400, MOMENTS)) * np.array([2.0, 20.0])[labels, None]
    near_narrow, near_wide = fit_colours(colours, labels).distance(means + 15.0)
    assert near_narrow > 4 * near_wide


def test_no_difference_below_a_grey_level_counts_as_large():
    same = np.tile(colour_moments(np.full((8, 8, 3), 128, np.uint8)), (12, 1))
    model = fit_colours(same, np.arange(12) % 3)
    assert model.distance(same).max() == 0
    assert model.distance(same + 1.0).max() == pytest.approx(1.0)


@pytest.mark.parametrize("images", [CLASSES, CLASSES + 1])
def test_class_of_one_image_has_a_spread_too(images):
    colours, labels = colours_like(images, seed=0)
    assert np.isfinite(fit_colours(colours, labels).distance(colours_like(20, seed=1)[0])).all()


def test_images_in_grey_are_far_from_stained_ones():
    stained = np.random.default_rng(0).normal((180, 150, 190), 25, (60, 16, 16, 3)).clip(0, 255).astype(np.uint8)
    grey = np.repeat(stained.mean(axis=3, keepdims=True), 3, axis=3).astype(np.uint8)
    model = fit_colours(np.stack([colour_moments(image) for image in stained[:50]]), np.arange(50) % 2)
    unseen, in_grey = (np.stack([colour_moments(image) for image in images[50:]]) for images in (stained, grey))
    assert model.distance(in_grey).min() > 3 * model.distance(unseen).max()
