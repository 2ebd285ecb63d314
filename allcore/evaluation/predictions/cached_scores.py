"""Scores of many images kept by content: the bootstrap over thousands of images takes seconds, and is wanted often."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from allcore import __version__
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.intervals import group_indices
from allcore.evaluation.scoring.scores import Scores
from allcore.result_cache import cache_text, cached_file, read_cached

WORK = 6
"""Raise it when scores or their intervals change."""


def cached_scores(predictions: RecordedPredictions, cache: Path | None) -> Scores:
    """Return the scores of predictions, kept below `cache` by their content; without a `cache` nothing is kept.

    Raises `InputError` when there is no image.
    """
    if cache is None or predictions.table.empty:
        return predictions.score()
    file = cached_file(cache, "scores", _content(predictions), ".json")
    scores = read_cached(file, Scores)
    if scores is None:
        scores = predictions.score()
        cache_text(file, scores.model_dump_json())
    return scores


def _content(predictions: RecordedPredictions) -> str:
    """Return a text that the same labels, probabilities and groups share, whatever the images are called."""
    groups = group_indices(len(predictions.table), predictions.table["group"].to_numpy())
    digest = hashlib.sha256()
    for array in (predictions.labels, np.ascontiguousarray(predictions.probabilities), groups):
        digest.update(array.tobytes())
    return repr((digest.hexdigest(), predictions.classes, WORK, __version__))
