"""How far two models' scores lie apart on the same images, and how far that could be off."""

from __future__ import annotations

import numpy as np

from allcore.arrays import FloatArray, IntArray
from allcore.evaluation.comparing.pairing import Paired
from allcore.evaluation.scoring.intervals import (
    bootstrap_values,
    difference_interval,
    farther,
    paired_interval,
    percentile_interval,
)
from allcore.evaluation.scoring.metrics import confusion_matrix
from allcore.evaluation.scoring.recall_effects import joint_reach, recall_effects
from allcore.evaluation.scoring.score_table import absent_by_chance, score_table
from allcore.evaluation.scoring.scores import LABEL_METRICS, SCALAR_METRICS, Scores

_RANKINGS = ("auroc_macro", "average_precision_macro")
_UNRELATED = 4
"""How many trials in which two rankings are unrelated are taken for seen beside those of the rarest class.

Rankings that never differ in what was seen are not known to be the same. Agresti and Coull (1998) add four trials to a
proportion in the same way.
"""
_ROUNDING = 1e-12

Table = dict[str, FloatArray]


def differences(paired: Paired, first: Scores, second: Scores, *, samples: int, seed: int) -> tuple[Table, Table]:
    """Return first minus second of every scalar metric, and low and high (2,) of each; `first` and `second` are scored.

    The intervals are percentiles of the paired bootstrap over groups, which sees little where the models hardly ever
    differ. That of accuracy is `paired_interval`; another score of labels reaches at least as far as follows from the
    classes' recalls, each of whose differences has its own `paired_interval`; one of rankings at least as far as the
    two models' own intervals together, by the correlation of the two over the resamples (Zou and Yue, 2013).
    """
    labels, groups = paired.first.labels, paired.groups
    each = [part.probabilities for part in (paired.first, paired.second)]
    matrices = [confusion_matrix(labels, p.argmax(axis=1), p.shape[1]) for p in each]
    absent: list[FloatArray | float] = [absent_by_chance(matrix) for matrix in matrices]

    def both(multiplicity: FloatArray, never: list[FloatArray | float] = absent) -> Table:
        one, other = (score_table(labels, p, multiplicity, of) for p, of in zip(each, never, strict=True))
        return {name: np.stack([one[name], other[name]], axis=1) for name in (*SCALAR_METRICS, "recall")}

    seen = both(np.ones((1, len(labels))), [0.0, 0.0])
    values = {name: of[0, 0] - of[0, 1] for name, of in seen.items()}
    drawn = bootstrap_values(both, len(labels), groups, samples=samples, seed=seed)
    intervals = {name: percentile_interval(of[:, 0] - of[:, 1]) for name, of in drawn.items()}
    surplus = np.subtract(paired.first_right, paired.second_right, dtype=np.float64)
    recalls = _of_recalls(surplus, labels, groups, intervals["recall"])
    intervals |= _of_labels(values, intervals, recalls, *matrices)
    of_accuracy = paired_interval(surplus, groups, intervals["accuracy"])
    intervals |= {"accuracy": of_accuracy, "recall_weighted": of_accuracy}  # one number by two names
    trials = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    for name in _RANKINGS:
        correlation = _correlation(drawn[name]) * trials / (trials + _UNRELATED)
        intervals[name] = farther(_of_scores(name, first, second, correlation), intervals[name])
    return values, intervals


def _of_recalls(surplus: FloatArray, labels: IntArray, groups: IntArray, resampled: FloatArray) -> FloatArray:
    """Return low and high (2, C) of the difference of each class's recall; nan of a class without images."""
    ends = np.full(resampled.shape, np.nan)
    for label in np.unique(labels):
        among = labels == label
        ends[:, label] = paired_interval(surplus[among], groups[among], resampled[:, label])
    return ends


def _of_labels(values: Table, resampled: Table, recalls: FloatArray, first: IntArray, second: IntArray) -> Table:
    """Return low and high (2,) of the difference of each score of labels, given those of the recalls (2, C).

    `first` and `second` are the confusion matrices. A difference falls where the first's recall of a class does, and
    where the second's rises; of the two, what does more counts.
    """
    down, up = values["recall"] - recalls[0], recalls[1] - values["recall"]
    ways = {-1: (recall_effects(first, down, LABEL_METRICS), recall_effects(second, -down, LABEL_METRICS)),
            +1: (recall_effects(second, up, LABEL_METRICS), recall_effects(first, -up, LABEL_METRICS))}  # fmt: skip
    found = {}
    for name in LABEL_METRICS:
        reach = [sign * joint_reach(np.maximum(one[name], other[name])) for sign, (one, other) in ways.items()]
        widest = 2 if name == "mcc" else 1
        found[name] = farther((values[name] + np.array(reach)).clip(-widest, widest), resampled[name])
    return found


def _of_scores(name: str, first: Scores, second: Scores, correlation: float) -> FloatArray:
    """Return low and high (2,) of the difference of two scores by their own intervals; nan where one is undefined."""
    values = np.array([getattr(scores, name) for scores in (first, second)], dtype=np.float64)
    ends = np.array([scores.intervals[name] for scores in (first, second)], dtype=np.float64)
    return difference_interval(values, ends, correlation).clip(-1, 1)


def _correlation(drawn: FloatArray) -> float:
    """Return the correlation of two scores over resamples (b, 2); 0 where one never changes, or is undefined."""
    known = drawn[~np.isnan(drawn).any(axis=1)]
    if not len(known) or np.ptp(known, axis=0).min() < _ROUNDING:
        return 0.0
    off = known - known.mean(axis=0)
    return float(off.prod(axis=1).mean() / off.std(axis=0).prod())
