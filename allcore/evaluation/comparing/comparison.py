"""Whether two models differ: paired tests, and intervals of the differences of their scores."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from allcore.arrays import BoolArray, FloatArray
from allcore.errors import InputError
from allcore.evaluation.comparing.differences import differences
from allcore.evaluation.comparing.pairing import Paired, pair
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.intervals import (
    CONFIDENCE,
    SIGNIFICANCE,
    bootstrap_interval,
    group_indices,
    paired_interval,
)
from allcore.evaluation.scoring.scores import (
    SCALAR_METRICS,
    Interval,
    Scores,
    fraction,
    score,
)


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided p-value of McNemar's test: the images that one model alone gets right, as tosses of a fair coin.

    `only_first` and `only_second` count the images that the first, and the second, alone gets right. Exact binomial;
    1 where there are none (McNemar, 1947; Agresti, 2013, section 11.1).
    """
    from scipy.special import bdtr  # most commands and pages can do without

    return min(1.0, 2 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5)))


def mcnemar_over_groups(first_right: BoolArray, second_right: BoolArray, groups: npt.ArrayLike) -> float:
    """Two-sided p-value of McNemar's test where the images of a group hang together: an exact sign test on groups.

    `first_right`, `second_right` and `groups` are (N,). If the models are alike, a group's surplus of images that the
    first alone gets right could as well be the second's. p is the share, among all choices of signs, of those whose sum
    is at least as far from 0 as the one seen (Fisher's randomisation test). With every image its own group it is
    `mcnemar_exact`.
    """
    surplus = np.bincount(group_indices(len(first_right), groups), np.subtract(first_right, second_right, dtype=float))
    steps = np.rint(np.abs(surplus[surplus != 0])).astype(np.int64)
    total, seen = int(steps.sum()), abs(int(surplus.sum()))
    chance = np.zeros(total + 1)  # of each sum that the groups in favour of the first can reach
    chance[0] = 1.0
    for step in steps:
        chance[step:] += chance[:-step].copy()
        chance /= 2
    as_far = np.abs(2 * np.arange(total + 1) - total) >= seen
    return min(1.0, float(chance[as_far].sum()))


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Return the p-values (P,) of P tests, raised so that a false alarm among all is as rare as in one (Holm, 1979).

    The smallest is multiplied by P, the next by P - 1, and so on; none falls below a smaller one's or passes 1.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1.0)
    return adjusted


class McNemar(BaseModel):
    """How many of the shared images both models, one alone, or neither gets right, and exact two-sided p-values.

    `p` takes the images as independent, `p_over_groups` the overlap groups; they agree where no images share a group.
    """

    model_config = ConfigDict(frozen=True)

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    p: float
    p_over_groups: float


class Comparison(BaseModel):
    """Two models on the images that both predicted: the scores of each, and first minus second.

    The 95 % intervals are those of `differences`; `None` where undefined.
    """

    model_config = ConfigDict(frozen=True)

    n: int
    n_groups: int
    n_first: int
    n_second: int
    differences: dict[str, float | None]
    intervals: dict[str, Interval]
    mcnemar: McNemar
    first: Scores
    second: Scores

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values, the keys in the order above."""
        return self.model_dump(mode="json")


def compare(paired: Paired, *, samples: int = 2000, seed: int = 0) -> Comparison:
    """Compare two models on the images that they share, by `samples` resamples of their groups.

    Raises `InputError` when a row of probabilities is no distribution.
    """
    names, groups, classes = list(paired.first.table["label"]), list(paired.groups), paired.first.classes
    first, second = (
        score(names, part.probabilities, classes, groups, samples=samples, seed=seed)
        for part in (paired.first, paired.second)
    )
    values, intervals = differences(paired, first, second, samples=samples, seed=seed)
    return Comparison(
        n=len(names),
        n_groups=int(paired.groups.max()) + 1,
        n_first=paired.n_first,
        n_second=paired.n_second,
        differences={name: fraction(values[name]) for name in SCALAR_METRICS},
        intervals={name: _interval(values[name], intervals[name]) for name in SCALAR_METRICS},
        mcnemar=mcnemar(paired),
        first=first,
        second=second,
    )


def mcnemar(paired: Paired) -> McNemar:
    """Count the images that both models, one alone, or neither gets right, and test whether that could be chance."""
    first, second = paired.first_right, paired.second_right
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    return McNemar(
        both_right=int((first & second).sum()),
        only_first=only_first,
        only_second=only_second,
        both_wrong=int((~first & ~second).sum()),
        p=mcnemar_exact(only_first, only_second),
        p_over_groups=mcnemar_over_groups(first, second, paired.groups),
    )


def accuracy_difference(
    first_right: BoolArray,
    second_right: BoolArray,
    groups: npt.ArrayLike,
    *,
    samples: int = 2000,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> tuple[float, tuple[float, float]]:
    """Return how much more often `first_right` (N,) holds than `second_right` (N,).

    The interval is `paired_interval`, over `groups` (N,), at 95 % unless told.
    """
    surplus = np.subtract(first_right, second_right, dtype=np.float64)

    def difference(multiplicity: FloatArray) -> FloatArray:
        return multiplicity @ surplus / multiplicity.sum(axis=-1)

    bootstrap = bootstrap_interval(difference, len(surplus), groups, samples=samples, seed=seed, confidence=confidence)
    low, high = paired_interval(surplus, group_indices(len(surplus), groups), bootstrap, confidence)
    return float(surplus.mean()), (float(low), float(high))


def equivalent(first_right: BoolArray, second_right: BoolArray, groups: npt.ArrayLike, margin: float) -> bool:
    """Whether two models are right equally often within `margin`, a fraction, as far as these images (N,) can tell.

    True when the 90 % interval of the difference, which leaves 5 % to either side, lies within the margin: two
    one-sided tests (Schuirmann, 1987). False says that the images cannot tell, not that they differ.
    """
    _, (low, high) = accuracy_difference(first_right, second_right, groups, confidence=1 - 2 * SIGNIFICANCE)
    return -margin < low and high < margin


def compare_all(predictions: Mapping[str, RecordedPredictions]) -> pd.DataFrame:
    """Compare every two of several models by accuracy; p-values over groups are adjusted by Holm's method.

    One row a pair that shares images: first, second (their names), images, groups, difference, low, high, only_first,
    only_second, p, p_over_groups, p_holm, apart (whether p_holm is below 0.05). Other pairs are left out.
    """
    rows = []
    for first, second in combinations(predictions, 2):
        try:
            paired = pair(predictions[first], predictions[second])
        except InputError:
            continue
        test = mcnemar(paired)
        difference, (low, high) = accuracy_difference(paired.first_right, paired.second_right, paired.groups)
        counts = (len(paired.groups), int(paired.groups.max()) + 1)
        answers = (test.only_first, test.only_second, test.p, test.p_over_groups)
        rows.append((first, second, *counts, difference, low, high, *answers))
    table = pd.DataFrame(
        rows,
        columns=[
            *("first", "second", "images", "groups", "difference", "low", "high"),
            *("only_first", "only_second", "p", "p_over_groups"),
        ],
    )
    table["p_holm"] = holm(table["p_over_groups"])
    table["apart"] = table["p_holm"] < SIGNIFICANCE
    return table


def _interval(value: npt.ArrayLike, interval: FloatArray) -> Interval:
    """Return the ends of a difference's interval, which holds the difference."""
    low, high = interval
    return fraction(np.minimum(low, value)), fraction(np.maximum(high, value))
