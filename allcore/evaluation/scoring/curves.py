"""The curves whose areas `scoring.metrics` gives: one class against the rest, threshold by threshold.

scikit-learn's give the same points (a test compares them) in 20 times the time for a few hundred images, and importing
it takes the pages seconds that they need for nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from allcore.arrays import FloatArray, IntArray


class Curve(NamedTuple):
    """Points of a curve in order: arrays `x` and `y` (T,), fractions; `thresholds` (T,) falls from infinity."""

    x: FloatArray
    y: FloatArray
    thresholds: FloatArray


def roc_curve(labels: IntArray, probabilities: FloatArray, index: int) -> Curve:
    """Return sensitivity against 1 - specificity of class `index`, from (0, 0) to (1, 1) (Fawcett, 2006).

    `labels` (N,), `probabilities` (N, C). Empty when either side has no image.
    """
    thresholds, hits, called = _counts(labels, probabilities, index)
    false_alarms = called - hits
    if hits[-1] == 0 or false_alarms[-1] == 0:
        return Curve(np.empty(0), np.empty(0), np.empty(0))
    return Curve(false_alarms / false_alarms[-1], hits / hits[-1], thresholds)


def precision_recall_curve(labels: IntArray, probabilities: FloatArray, index: int) -> Curve:
    """Return precision against recall of class `index`, recall rising from 0.

    The precision of each threshold holds from the recall of the one before to its own, so the area under these steps
    is the average precision. `labels` (N,), `probabilities` (N, C). Empty when the class has no image.
    """
    thresholds, hits, called = _counts(labels, probabilities, index)
    if hits[-1] == 0:
        return Curve(np.empty(0), np.empty(0), np.empty(0))
    precision = hits[1:] / called[1:]
    return Curve(hits / hits[-1], np.append(precision[0], precision), thresholds)


def _counts(labels: IntArray, probabilities: FloatArray, index: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Thresholds (T,), from none called, and how many images of the class, and of all, each of them calls."""
    order = np.argsort(-probabilities[:, index], kind="stable")
    falling = probabilities[order, index]
    last_of_ties = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    hits = np.cumsum(labels[order] == index)[last_of_ties]
    return (
        np.concatenate([[np.inf], falling[last_of_ties]]),
        np.concatenate([[0.0], hits]),
        np.concatenate([[0.0], last_of_ties + 1.0]),
    )
