"""Every metric by its name, for one set of predictions or for many resamples of them at once."""

from __future__ import annotations

import numpy as np

from allcore.arrays import FloatArray, IntArray
from allcore.evaluation.scoring import metrics


def score_table(
    labels: IntArray, probabilities: FloatArray, multiplicity: FloatArray, never_predicted: FloatArray | float = 0.0
) -> dict[str, FloatArray]:
    """Return every metric by name for multiplicities (..., N): scalars (...) and per-class metrics (..., C).

    `labels` (N,) are class numbers, `probabilities` (N, C) as `score` accepts them; `never_predicted` is as in
    `label_scores`.
    """
    n_classes = probabilities.shape[1]
    matrix = metrics.confusion_matrix(labels, probabilities.argmax(axis=1), n_classes, multiplicity)
    areas = metrics.ranking_areas(labels, probabilities, multiplicity)._asdict()
    return {
        **label_scores(matrix, never_predicted),
        **areas,
        **{f"{name}_macro": metrics.macro_average(values, matrix) for name, values in areas.items()},
        "ece": metrics.expected_calibration_error(labels, probabilities, multiplicity),
        "brier": metrics.brier_score(labels, probabilities, multiplicity),
        "log_loss": metrics.log_loss(labels, probabilities, multiplicity),
    }


def label_scores(matrix: metrics.Counts, never_predicted: FloatArray | float = 0.0) -> dict[str, FloatArray]:
    """Return every metric of confusion matrices (..., C, C): scalars (...) and per-class metrics (..., C).

    `never_predicted` is the precision of a class that has images and is never predicted: 0, or nan where that is chance
    and the class is to be left out.
    """
    per_class = {
        "precision": metrics.precision(matrix, never_predicted),
        "recall": metrics.recall(matrix),
        "specificity": metrics.specificity(matrix),
        "npv": metrics.npv(matrix),
        "f1": metrics.f1(matrix),
    }
    weighted = ("precision", "recall", "f1")
    return {
        **per_class,
        **{f"{name}_macro": metrics.macro_average(values, matrix) for name, values in per_class.items()},
        **{f"{name}_weighted": metrics.weighted_average(per_class[name], matrix) for name in weighted},
        "accuracy": metrics.accuracy(matrix),
        "balanced_accuracy": metrics.balanced_accuracy(matrix),
        "mcc": metrics.mcc(matrix),
    }


def absent_by_chance(matrix: IntArray) -> FloatArray:
    """Return the `never_predicted` (C,) of resamples: nan for the classes that were predicted, 0 for the others.

    A resample without an image that is called of the class says nothing of the class's precision.
    """
    return np.where(matrix.sum(-2) > 0, np.nan, 0.0)
