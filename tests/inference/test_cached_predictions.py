"""What a model says of many images is kept by their content, and asked for once."""

import shutil

import numpy as np
import pandas as pd
import pytest

from allcore.data.catalog import scan
from allcore.errors import DatasetError
from allcore.inference.cached_predictions import predict_catalogued
from allcore.inference.predictor import BATCH, Predictor, load_predictor


@pytest.fixture
def said(finished_run, tmp_path):
    """Return what the finished run's model says of images, with a cache of the test's own."""
    model = finished_run.served_model
    predictor = load_predictor(model)
    return lambda root, images, told=None: predict_catalogued(
        predictor, model, root, images, tmp_path / "cache", None if told is None else lambda *now: told.append(now)
    )


@pytest.fixture
def asked(monkeypatch):
    """Return a list of how many images the model was really given, call by call."""
    counts, predict = [], Predictor.predict

    def counting(self, images, *more):
        found = predict(self, images, *more)
        counts.append(len(found))
        return found

    monkeypatch.setattr(Predictor, "predict", counting)
    return counts


def test_predictions_are_in_the_images_order_and_their_progress_is_told(said, smears):
    images, told = scan(smears).images().head(10), []
    together = said(smears, images, told)
    pd.testing.assert_frame_equal(together[::-1], said(smears, images[::-1]))
    assert told == [(min(start + BATCH, 10), 10) for start in range(0, 10, BATCH)]


def test_they_are_what_the_predictor_says(said, smears, finished_run):
    images = scan(smears).images().head(3)
    direct = load_predictor(finished_run.served_model).predict_files([smears / path for path in images["path"]])
    found = said(smears, images)
    for (_, prediction), (_, row) in zip(direct, found.iterrows(), strict=True):
        of_classes = row.filter(like="probability_").to_numpy(float)
        np.testing.assert_allclose(of_classes, prediction.probabilities, atol=1e-5)
        assert row["novelty"] == pytest.approx(prediction.novelty, abs=1e-4)
        assert row["novel"] == prediction.novel


def test_no_image_is_predicted_twice_whatever_it_is_called_and_asked_with(said, smears, tmp_path, asked):
    copied = shutil.copytree(smears, tmp_path / "copied")
    for image in (copied / "Pro").iterdir():
        image.rename(image.with_name(f"renamed-{image.name}"))
    images = scan(smears).images()
    some = said(smears, images.iloc[:8])
    every = said(copied, scan(copied).images())
    assert sum(asked) == images["pixel_sha256"].nunique()
    assert every.iloc[:8].equals(some)


@pytest.mark.parametrize("part", ["INTAKE_VERSION", "__version__"])
def test_what_another_program_made_of_the_pixels_is_asked_for_again(said, smears, asked, monkeypatch, part):
    images = scan(smears).images().head(2)
    said(smears, images)
    monkeypatch.setattr(f"allcore.inference.cached_predictions.{part}", "another")
    said(smears, images)
    assert asked == [2, 2]


def test_a_damaged_cache_costs_time_alone(said, smears, tmp_path):
    images = scan(smears).images().head(4)
    before = said(smears, images)
    (kept,) = (tmp_path / "cache" / "predictions").iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert said(smears, images).equals(before)


def test_an_image_that_changed_since_it_was_catalogued_is_refused(said, smears, tmp_path):
    copied = shutil.copytree(smears, tmp_path / "copied")
    images = scan(copied).images().head(2)
    shutil.copy(copied / images["path"][0], copied / images["path"][1])
    with pytest.raises(DatasetError, match="changed since"):
        said(copied, images)
