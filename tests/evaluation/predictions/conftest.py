"""A model is scored on images: with the finished run, and on a copy of the smears."""

import shutil

import pytest

from allcore.evaluation.predictions.evaluate_model import evaluate_model


@pytest.fixture
def evaluate(finished, tmp_path):
    """Return an evaluator on the finished run's store, with a cache of its own."""
    return lambda model, **what: evaluate_model(str(model), finished.store, tmp_path / "cache", **what)


@pytest.fixture
def copied(smears, tmp_path):
    """Return a copy of the smears that a test may change."""
    return shutil.copytree(smears, tmp_path / "copied")
