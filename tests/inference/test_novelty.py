"""Novelty sees strange features as well as strange colours, and lets pass what is like the images trained on."""

import numpy as np
import pytest

from allcore.augment import resize
from allcore.data.intake.images import decode
from allcore.errors import ModelFileError
from allcore.inference.novelty import fit_novelty, fit_threshold, from_reference, to_reference
from allcore.inference.predictor import load_predictor
from tests.inference.likeness import colours_like, features_like

UNITS = 64


def images_like(images, seed):
    features, labels = features_like(UNITS, images, seed)
    return features, colours_like(images, seed)[0], labels


@pytest.fixture(scope="module")
def model():
    return fit_novelty(*images_like(400, seed=0))


@pytest.fixture(scope="module")
def unseen():
    features, colours, _ = images_like(300, seed=1)
    return features, colours


@pytest.fixture(scope="module")
def threshold(model, unseen):
    return fit_threshold(model.distance(*unseen))


def test_novelty_is_about_1_for_unseen_images_of_the_same_kind(model, unseen):
    assert 0.8 < np.median(model.distance(*unseen)) < 1.2


def test_novelty_lies_between_both_distances(model, unseen):
    features, colours = unseen
    both, novelty = model.distances(features, colours), model.distance(features, colours)
    assert (novelty >= both.min(axis=0)).all()
    assert (novelty <= both.max(axis=0)).all()


def test_strange_features_are_novel_in_known_colours(model, unseen, threshold):
    strange = np.abs(np.random.default_rng(2).normal(1.0, 2.0, (300, UNITS)))
    assert (model.distance(strange, unseen[1]) > threshold).mean() > 0.95


def test_strange_colours_are_novel_with_known_features(model, unseen, threshold):
    strange = unseen[1][:, ::-1]
    assert (model.distance(unseen[0], strange) > threshold).mean() > 0.95


@pytest.mark.parametrize("images", [10, 100, 101, 326])
def test_95_per_cent_of_validation_pass_the_threshold_and_no_more_than_needed(images):
    distances = np.random.default_rng(0).gamma(5.0, size=images)
    passing = (distances <= fit_threshold(distances)).mean()
    assert 0.95 <= passing < 0.95 + 2 / images


def test_model_survives_being_served(model, unseen):
    reference = to_reference(model, 1.25)
    read = from_reference(type(reference).model_validate_json(reference.model_dump_json()))
    np.testing.assert_array_equal(read.distance(*unseen), model.distance(*unseen))


def test_without_colours_novelty_is_the_distance_by_features(model, unseen):
    reference = to_reference(model, 1.25).model_copy(update={"colour_means": "", "colour_whitening": ""})
    older = from_reference(reference)
    by_features, by_colours = older.distances(*unseen)
    assert np.isnan(by_colours).all()
    np.testing.assert_allclose(older.distance(*unseen), by_features)
    np.testing.assert_array_equal(by_features, model.distances(*unseen)[0])


@pytest.mark.parametrize("field", ["axes", "scales", "colour_means", "colour_whitening"])
def test_reference_whose_parts_do_not_fit_is_refused(model, field):
    reference = to_reference(model, 1.25)
    features, colours, labels = images_like(24, seed=0)
    known = labels < 3
    smaller = to_reference(fit_novelty(features[known], colours[known], labels[known]), 1.25)
    with pytest.raises(ModelFileError, match="novelty reference in the model's description is damaged"):
        from_reference(reference.model_copy(update={field: getattr(smaller, field)}))


def test_validation_images_of_a_run_pass_its_own_threshold(finished_run):
    table = finished_run.predictions()
    assert table.loc[table["split"] == "validation", "novel"].mean() <= 0.05


def test_test_images_of_a_run_are_not_far_from_what_it_was_trained_on(finished_run):
    table = finished_run.predictions()
    assert 0.3 < table.loc[table["split"] == "test", "novelty"].median() < 3.0


def test_runs_images_are_novel_to_it_in_other_colours(finished_run):
    predictor = load_predictor(finished_run.served_model)
    paths = finished_run.split.table["path"][finished_run.split.rows("test")]
    images = [resize(decode(finished_run.folder.joinpath(finished_run.config.dataset, path)), 32) for path in paths]
    for as_they_are, green in zip(
        predictor.predict(images), predictor.predict([image[..., [0, 2, 1]] for image in images]), strict=True
    ):
        assert green.novel
        assert green.novelty > 1.5 * as_they_are.novelty
        assert green.colour_distance > green.feature_distance
        assert green.novelty == pytest.approx(np.hypot(green.colour_distance, green.feature_distance) / np.sqrt(2))
