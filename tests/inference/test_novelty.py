"""Novelty is about 1 for images like those trained on, in any number of units and images, and large for others."""

from dataclasses import replace

import numpy as np
import pytest

from allcore.errors import ModelFileError
from allcore.inference.novelty import fit_novelty, fit_threshold, from_reference, to_reference

CLASSES = 4


def features_like(units, images, seed):
    """Return ReLU-like features of four classes, and their class numbers; all seeds share one distribution."""
    shared = np.random.default_rng(99)
    means = shared.normal(1.0, 1.0, (CLASSES, units))
    mixing = shared.normal(0.0, 1.0, (min(units, 12), units)) * 0.4
    rng = np.random.default_rng(seed)
    labels = np.arange(images) % CLASSES
    noise = rng.normal(size=(images, len(mixing))) @ mixing + rng.normal(0.0, 0.3, (images, units))
    return np.maximum(means[labels] + noise, 0.0).astype(np.float32), labels


def fitted(units=256, images=400):
    return fit_novelty(*features_like(units, images, seed=0))


@pytest.mark.parametrize("units", [16, 256, 1024])
@pytest.mark.parametrize("images", [24, 52, 400])
def test_distance_is_about_1_for_unseen_features_of_the_same_kind(units, images):
    unseen, _ = features_like(units, 300, seed=1)
    assert 0.7 < np.median(fitted(units, images).distance(unseen)) < 1.4


@pytest.mark.parametrize("images", [52, 400])
def test_features_of_another_kind_are_past_the_threshold_of_unseen_ones(images):
    model = fitted(images=images)
    threshold = fit_threshold(model.distance(features_like(256, 300, seed=1)[0]))
    others = np.abs(np.random.default_rng(2).normal(1.0, 2.0, (300, 256)))
    assert (model.distance(others) > threshold).mean() > 0.95


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


@pytest.mark.parametrize("images", [10, 100, 101, 326])
def test_95_per_cent_of_validation_pass_the_threshold_and_no_more_than_needed(images):
    distances = np.random.default_rng(0).gamma(5.0, size=images)
    passing = (distances <= fit_threshold(distances)).mean()
    assert 0.95 <= passing < 0.95 + 2 / images


def test_network_whose_features_all_died_still_has_a_novelty():
    zeros = np.zeros((12, 8), np.float32)
    model = fit_novelty(zeros, np.arange(12) % 4)
    threshold = fit_threshold(model.distance(zeros))
    read = from_reference(to_reference(model, threshold))
    assert (read.distance(zeros) <= threshold).all()


def test_model_survives_being_served():
    model = fitted()
    unseen, _ = features_like(256, 50, seed=1)
    reference = to_reference(model, 1.25)
    read = from_reference(type(reference).model_validate_json(reference.model_dump_json()))
    np.testing.assert_array_equal(read.distance(unseen), model.distance(unseen))


@pytest.mark.parametrize("field", ["axes", "scales"])
def test_reference_whose_parts_do_not_fit_is_refused(field):
    reference = to_reference(fitted(), 1.25)
    shorter = to_reference(fitted(images=24), 1.25)
    with pytest.raises(ModelFileError, match="novelty reference in the model's description is damaged"):
        from_reference(reference.model_copy(update={field: getattr(shorter, field)}))


def test_validation_images_of_a_run_pass_its_own_threshold(finished_run):
    table = finished_run.predictions()
    assert table.loc[table["split"] == "validation", "novel"].mean() <= 0.05


def test_test_images_of_a_run_are_not_far_from_what_it_was_trained_on(finished_run):
    table = finished_run.predictions()
    assert 0.3 < table.loc[table["split"] == "test", "novelty"].median() < 3.0
