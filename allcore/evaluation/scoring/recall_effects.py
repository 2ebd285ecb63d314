"""How far a score of labels moves where the classes' sensitivities are others than those that were seen."""

from __future__ import annotations

import numpy as np

from allcore.arrays import FloatArray, IntArray
from allcore.evaluation.scoring.score_table import label_scores

_NEARLY = 1 - 1e-9
"""How much of its way a recall goes: at 0 or 1 a class may never be called, where scores jump or are undefined."""


def recall_effects(matrix: IntArray, by: FloatArray, names: tuple[str, ...]) -> dict[str, FloatArray]:
    """Return how far each score of a confusion matrix (C, C) moves where one class's recall is lower by `by` (C,).

    An array (C,) for each of `names`, scalars of `label_scores`: a distance for each class in turn, all others as they
    are. A negative `by` raises the recall; it stays within 0 and 1, and is as it is where `by` is nan. A score goes
    to its limit where a recall goes to 0 or 1.
    """
    seen, moved = label_scores(matrix), label_scores(_with_lower_recall(matrix, by))
    return {name: np.nan_to_num(np.abs(moved[name] - seen[name])) for name in names}


def joint_reach(effects: FloatArray) -> float:
    """Return how far independent effects reach at once: the root of the sum of their squares (Zou and Donner, 2008)."""
    return float(np.sqrt((effects**2).sum()))


def _with_lower_recall(matrix: IntArray, by: FloatArray) -> FloatArray:
    """Return a matrix for each class (C, C, C) in which its recall alone is lower by `by` (C,).

    Its further errors are shared out like those it has; where it has none, evenly among the other classes that occur,
    or among all others where none does.
    """
    n_classes = len(matrix)
    hits, support = np.diagonal(matrix), matrix.sum(axis=1)
    recall = np.divide(hits, support, out=np.full(n_classes, np.nan), where=support > 0)
    lost = _NEARLY * np.nan_to_num(np.clip(by, recall - 1, recall)) * support
    others = 1.0 - np.eye(n_classes)
    occurring = others * (support + matrix.sum(axis=0) > 0)
    errors = np.where(matrix.sum(axis=1, keepdims=True) > hits[:, None], matrix * others, occurring)
    errors = np.where(errors.any(axis=1, keepdims=True), errors, others)
    shared = errors / errors.sum(axis=1, keepdims=True).clip(min=1)
    moved = np.repeat(matrix[None].astype(np.float64), n_classes, axis=0)
    each = np.arange(n_classes)
    moved[each, each] += lost[:, None] * (shared - np.eye(n_classes))
    return moved
