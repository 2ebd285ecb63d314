"""The distance of features is about 1 for images like those trained on, in any number of units and images."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from allcore.inference.feature_distance import AXES, IMAGES_PER_AXIS, directions, fit_features
from tests.inference.likeness import CLASSES, features_like


def fitted(units=256, images=400):
    return fit_features(*features_like(units, images, seed=0))


@pytest.mark.parametrize("units", [16, 256, 1024])
@pytest.mark.parametrize("images", [24, 52, 400])
def test_distance_is_about_1_for_unseen_features_of_the_same_kind(units, images):
    unseen, _ = features_like(units, 300, seed=1)
    assert 0.7 < np.median(fitted(units, images).distance(unseen)) < 1.4


@pytest.mark.parametrize("images", [52, 400])
def test_features_of_another_kind_are_further_than_unseen_ones(images):
    model = fitted(images=images)
    unseen, _ = features_like(256, 300, seed=1)
    others = np.abs(np.random.default_rng(2).normal(1.0, 2.0, (300, 256)))
    assert (model.distance(others) > np.quantile(model.distance(unseen), 0.95)).mean() > 0.95


@pytest.mark.parametrize("images", [52, 400])
def test_distance_is_far_larger_for_far_features(images):
    far = np.eye(256)[:50]  # everything that is active is one unit
    assert fitted(images=images).distance(far).min() > 2.0


def test_distance_is_that_of_the_nearest_class():
    model = fitted()
    unseen, _ = features_like(256, 50, seed=1)
    each = [replace(model, means=model.means[number : number + 1]).distance(unseen) for number in range(CLASSES)]
    np.testing.assert_allclose(model.distance(unseen), np.min(each, axis=0), rtol=1e-9)
    assert len(set(np.argmin(each, axis=0))) == CLASSES


def test_distance_looks_at_proportions_and_not_at_strength():
    unseen, _ = features_like(256, 20, seed=1)
    np.testing.assert_allclose(fitted().distance(3.0 * unseen), fitted().distance(unseen), rtol=1e-6)


def test_distance_of_each_image_is_its_own():
    unseen, _ = features_like(256, 20, seed=1)
    alone = [fitted().distance(row[None])[0] for row in unseen]
    np.testing.assert_allclose(fitted().distance(unseen), alone, rtol=1e-9)


def test_network_whose_features_all_died_still_has_a_distance():
    zeros = np.zeros((12, 8), np.float32)
    assert np.isfinite(fit_features(zeros, np.arange(12) % 4).distance(zeros)).all()


@pytest.mark.parametrize(("units", "images"), [(16, 24), (64, 400), (256, 2000), (256, 52)])
def test_axes_and_variances_are_those_of_all_training_images_put_together(units, images):
    features, labels = features_like(units, images, seed=0)
    features[0] = 0.0
    model, unit = fit_features(features, labels), directions(features)
    means = np.stack([unit[labels == label].mean(axis=0) for label in range(CLASSES)])
    freedom = images - CLASSES
    _, singular, axes = np.linalg.svd(unit - means[labels], full_matrices=False)
    variances = singular**2 / freedom
    kept = min(AXES, freedom // IMAGES_PER_AXIS, int((variances > 1e-12 * variances[0]).sum()), units - 1)
    np.testing.assert_allclose(model.means, means, rtol=1e-6)
    np.testing.assert_allclose(model.scales, np.sqrt(variances[:kept]), rtol=1e-5)
    np.testing.assert_allclose(np.abs((model.axes * axes[:kept]).sum(axis=1)), 1.0, atol=1e-5)
    assert model.residual_scale == pytest.approx(np.sqrt(variances[kept:].sum() / (units - kept)), rel=1e-6)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_images():
    features = np.random.default_rng(0).random((10_000, 1024), np.float32)
    labels = np.arange(len(features)) % 4
    tracemalloc.start()
    try:
        fit_features(features, labels).distance(features)
        assert tracemalloc.get_traced_memory()[1] < 150e6
    finally:
        tracemalloc.stop()
