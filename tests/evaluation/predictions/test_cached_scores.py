"""Scores kept by content: found again for the same images and answers, and made anew for others."""

import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.predictions.cached_scores import cached_scores
from allcore.evaluation.predictions.recorded import RecordedPredictions


def predictions(seed=0, groups=6):
    """Return twelve images of two classes in so many groups, and what a model said of them."""
    p = np.random.default_rng(seed).uniform(size=12)
    table = pd.DataFrame({"label": ["A", "B"] * 6, "group": [f"g{n % groups}" for n in range(12)]})
    return RecordedPredictions(("A", "B"), table.assign(probability_A=p, probability_B=1 - p))


def test_cached_scores_are_those_of_the_predictions_and_are_made_once(tmp_path, monkeypatch):
    expected = predictions().score()
    assert cached_scores(predictions(), tmp_path) == cached_scores(predictions(), None) == expected
    monkeypatch.setattr(RecordedPredictions, "score", lambda self: None)
    assert cached_scores(predictions(), tmp_path) == expected


def test_other_answers_or_groups_have_scores_of_their_own(tmp_path):
    kept = [cached_scores(each, tmp_path) for each in (predictions(), predictions(seed=1), predictions(groups=3))]
    assert kept[0].log_loss != kept[1].log_loss
    assert kept[0].log_loss == kept[2].log_loss
    assert kept[0].intervals["log_loss"] != kept[2].intervals["log_loss"]
    assert len(list(tmp_path.rglob("*.json"))) == 3


def test_a_damaged_file_is_made_anew(tmp_path):
    expected = cached_scores(predictions(), tmp_path)
    (file,) = tmp_path.rglob("*.json")
    file.write_text("{", encoding="utf-8")
    assert cached_scores(predictions(), tmp_path) == expected


@pytest.mark.parametrize("part", ["WORK", "__version__"])
def test_scores_of_another_program_are_not_shown(tmp_path, monkeypatch, part):
    cached_scores(predictions(), tmp_path)
    monkeypatch.setattr(f"allcore.evaluation.predictions.cached_scores.{part}", "another")
    monkeypatch.setattr(RecordedPredictions, "score", lambda self: pytest.fail("made anew"))
    with pytest.raises(pytest.fail.Exception, match="made anew"):
        cached_scores(predictions(), tmp_path)
