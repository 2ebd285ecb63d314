"""Classifiers on frozen features: they learn what the features hold, and say what they lack."""

from dataclasses import replace

import numpy as np
import pytest

from allcore.errors import WeightsError
from allcore.evaluation.shortcuts import cached_shortcuts, shortcut_scores
from allcore.evaluation.shortcuts.frozen import FROZEN, frozen_vgg16


def spread_colours(image):
    """Return a vector (40,) that holds the image's mean colour in many numbers."""
    return np.random.default_rng(0).normal(size=(40, 3)) @ image.mean(axis=(0, 1)) / 255


def test_each_classifier_learns_what_the_features_hold(two_colours):
    seen = tuple(replace(baseline, features=spread_colours) for baseline in FROZEN)
    assert [result.scores.accuracy for result in shortcut_scores(*two_colours, baselines=seen)] == [1.0, 1.0]


def test_features_that_baselines_share_are_made_once_an_image(two_colours):
    images, split = two_colours
    calls = []

    def counted(image):
        calls.append(image.shape)
        return spread_colours(image)

    shortcut_scores(images, split, baselines=tuple(replace(baseline, features=counted) for baseline in FROZEN))
    assert len(calls) == len(split.rows("train")) + len(split.rows("test"))


def test_what_was_kept_is_shown_for_the_weights_that_it_was_made_with_and_where_there_are_none(
    two_colours, monkeypatch, tmp_path
):
    images, split = two_colours
    seen, weights = tuple(replace(baseline, features=spread_colours) for baseline in FROZEN), tmp_path / "weights.h5"
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("ALLCORE_VGG16_WEIGHTS", str(weights))
    weights.write_text("one")
    shortcut_scores(images, split, tmp_path / "cache", baselines=seen)
    assert cached_shortcuts(split, tmp_path / "cache", seen)
    weights.write_text("another")
    assert cached_shortcuts(split, tmp_path / "cache", seen) is None
    weights.unlink()
    assert cached_shortcuts(split, tmp_path / "cache", seen)


def test_missing_weights_are_said_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("ALLCORE_VGG16_WEIGHTS", raising=False)
    with pytest.raises(WeightsError, match=r"not on this machine; set ALLCORE_VGG16_WEIGHTS"):
        frozen_vgg16(np.zeros((8, 8, 3), np.uint8))
