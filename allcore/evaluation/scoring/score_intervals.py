"""The intervals of all scores at once, by the methods that `Scores` states."""

from __future__ import annotations

import numpy as np

from allcore.arrays import BoolArray, FloatArray, IntArray
from allcore.evaluation.scoring import metrics
from allcore.evaluation.scoring.intervals import (
    auroc_interval,
    average_interval,
    f1_interval,
    farther,
    proportion_interval,
    wilson,
)
from allcore.evaluation.scoring.recall_effects import joint_reach, recall_effects

Table = dict[str, FloatArray]

_ERRORS_COUNT_IN = {"f1": 2, "auroc": 2, "average_precision": 2}
"""In how many classes an error counts: a missed image of one class is a false one of another."""


def score_intervals(
    values: Table, bootstrap: Table, true: IntArray, predicted: IntArray, groups: IntArray
) -> dict[str, FloatArray]:
    """Return low and high (2, ...) of every metric of `values`, given those of the `bootstrap`.

    `true`, `predicted` and `groups` (N,) are numbers of classes and groups.
    """
    # Repeated images raise the ECE and can lift its whole bootstrap interval above the score.
    intervals = {
        name: np.stack([np.minimum(low, values[name]), np.maximum(high, values[name])])
        for name, (low, high) in bootstrap.items()
    }
    right = true == predicted
    intervals["accuracy"] = proportion_interval(right, np.ones_like(right), groups, intervals["accuracy"])
    for label in range(len(values["recall"])):
        for name, ends in _of_class(label, values, intervals, true, predicted, groups).items():
            intervals[name][:, label] = ends
    matrix = metrics.confusion_matrix(true, predicted, len(values["recall"]))
    _put_averages(intervals, values, matrix)
    intervals["recall_weighted"], intervals["balanced_accuracy"] = intervals["accuracy"], intervals["recall_macro"]
    intervals["mcc"] = _mcc_interval(values, intervals, matrix)
    return intervals


def _of_class(
    label: int, values: Table, resampled: Table, true: IntArray, predicted: IntArray, groups: IntArray
) -> dict[str, FloatArray]:
    """Return low and high (2,) of one class's scores; `resampled` are those of the bootstrap for all classes."""
    is_it, said, right = true == label, predicted == label, true == predicted
    proportions = {
        "recall": (right, is_it), "precision": (right, said), "specificity": (~said, ~is_it), "npv": (~is_it, ~said)
    }  # fmt: skip
    found = {
        name: proportion_interval(hits, among, groups, resampled[name][:, label])
        for name, (hits, among) in proportions.items()
    }
    found["f1"] = f1_interval(right, is_it | said, groups, resampled["f1"][:, label])
    return found | _of_ranking(label, values, resampled, is_it, groups)


def _of_ranking(
    label: int, values: Table, resampled: Table, is_it: BoolArray, groups: IntArray
) -> dict[str, FloatArray]:
    """Return low and high (2,) of a class's AUROC and average precision, with groups as trials."""
    area, precision = values["auroc"][label], values["average_precision"][label]
    positives, negatives = len(np.unique(groups[is_it])), len(np.unique(groups[~is_it]))
    by_theory = {
        "auroc": auroc_interval(float(area), positives, negatives),
        "average_precision": np.stack(wilson(precision * positives, positives)),
    }
    return {name: farther(ends, resampled[name][:, label]) for name, ends in by_theory.items()}


def _put_averages(intervals: Table, values: Table, matrix: IntArray) -> None:
    """Widen the intervals of averages over classes as far as those of their classes reach together."""
    for name in ("precision", "recall", "specificity", "npv", "f1", "auroc", "average_precision"):
        counted = metrics.counted_in_macro(values[name], matrix)
        for kind, weights in (("macro", counted), ("weighted", matrix.sum(-1) * counted)):
            if (average := f"{name}_{kind}") in intervals and weights.any():
                intervals[average] = average_interval(
                    values[name], intervals[name], weights / weights.sum(), intervals[average],
                    errors_count_in=_ERRORS_COUNT_IN.get(name, 1),
                )  # fmt: skip


def _mcc_interval(values: Table, intervals: Table, matrix: IntArray) -> FloatArray:
    """Return low and high (2,) of the MCC: the farther of the bootstrap's ends and of what follows from the recalls'.

    Each class's recall in turn goes to its end, and what that does to the MCC is put together.
    """
    recall, (low, high) = values["recall"], intervals["recall"]
    down, up = (joint_reach(recall_effects(matrix, recall - end, ("mcc",))["mcc"]) for end in (low, high))
    return farther((values["mcc"] + np.array([-down, up])).clip(-1, 1), intervals["mcc"])
