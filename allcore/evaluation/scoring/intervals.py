"""Intervals that say how far a score could be off: Wilson and the bootstrap over groups."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from allcore.arrays import BoolArray, FloatArray, IntArray

CONFIDENCE = 0.95
SIGNIFICANCE = 0.05
"""Two models can be told apart when p is below this."""
_BISECTIONS = 50

# Working arrays of about 1 MB stay in the cache, and a large test set needs no more memory than a small one.
_CHUNK_ELEMENTS = 2**17


def wilson(
    successes: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = CONFIDENCE
) -> tuple[FloatArray, FloatArray]:
    """Score interval (low, high) of a proportion, elementwise; nan where there are no trials (Wilson, 1927).

    `successes` and `trials` broadcast and need not be whole: an effective sample size may be given.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    n = np.asarray(trials, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    proportion = np.asarray(successes, dtype=np.float64) / n
    centre = (proportion + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z / (1 + z**2 / n) * np.sqrt(proportion * (1 - proportion) / n + z**2 / (4 * n**2))
    # Rounding must not put an end past 0 or 1, nor leave out the proportion itself where it is 0 or 1.
    low = np.minimum((centre - half_width).clip(0, 1), proportion)
    high = np.maximum((centre + half_width).clip(0, 1), proportion)
    return low, high


def proportion_interval(
    hits: npt.ArrayLike, among: npt.ArrayLike, groups: IntArray, resampled: npt.ArrayLike
) -> FloatArray:
    """Return low and high (2,) of the share of `hits` (N,) among the images `among` (N,), both truth values.

    `groups` (N,) are group numbers, `resampled` (2,) is the share's interval by the bootstrap over them. Where each of
    these images is its own group, the interval is Wilson's. Else each end is the farther of the bootstrap's and of
    Wilson's for as many trials as there are groups: resamples see nothing of errors that did not occur, and little of
    those that occurred once or twice.
    """
    among = np.asarray(among, dtype=bool)
    images, n_groups = int(among.sum()), len(np.unique(groups[among]))
    share = np.asarray(hits, dtype=np.float64)[among].mean() if images else np.nan
    by_wilson = np.stack(wilson(share * n_groups, n_groups))
    if n_groups == images:
        return by_wilson
    return farther(by_wilson, resampled)


def f1_interval(right: BoolArray, either: BoolArray, groups: IntArray, resampled: FloatArray) -> FloatArray:
    """Return low and high (2,) of a class's F1, by the arguments of `proportion_interval`.

    `either` (N,) holds where the class is true or predicted. The share J of these images that are right is a
    proportion, and F1 = 2 J / (1 + J) rises with it (Hand, Christen and Kirielle, 2021): its ends are J's.
    """
    share = proportion_interval(right, either, groups, resampled / (2 - resampled))
    return 2 * share / (1 + share)


def average_interval(
    values: FloatArray, intervals: FloatArray, weights: FloatArray, resampled: FloatArray, *, errors_count_in: int = 1
) -> FloatArray:
    """Return low and high (2,) of the mean of C classes' values (C,), each with its own interval (2, C).

    The `weights` (C,) sum to 1. Each end is the farther of the bootstrap's (`resampled`) and of the classes' own put
    together: the root of the sum of their squared distances, as of independent values (Zou and Donner, 2008), and of
    twice that sum where each error counts in two classes. A value without an interval could be anything from 0 to 1.
    """
    counted = weights > 0
    share, value = weights[counted], values[counted]
    known = ~np.isnan(intervals[:, counted])
    squares = (share * (np.where(known, intervals[:, counted], [[0.0], [1.0]]) - value)) ** 2
    off = np.sqrt(errors_count_in * squares.sum(axis=1))
    return farther((value @ share + np.array([-1, 1]) * off).clip(0, 1), resampled)


def auroc_interval(area: float, positives: int, negatives: int, confidence: float = CONFIDENCE) -> FloatArray:
    """Return low and high (2,) of an AUROC by Newcombe's score method (2006, part 2, method 5); nan where it is nan.

    Each end is the area that lies just as far off as the normal distribution has it for that area itself, by the
    variance of Hanley and McNeil (1982) with sides of their mean size. So an area of 1 has an interval with a width.
    """
    if math.isnan(area):
        return np.full(2, np.nan)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    more = (positives + negatives) / 2 - 1

    def low(of: float) -> float:
        below, above = 0.0, of
        for _ in range(_BISECTIONS):
            at = (below + above) / 2
            variance = at * (1 - at) * (1 + more * ((1 - at) / (2 - at) + at / (1 + at))) / (positives * negatives)
            below, above = (at, above) if of - at > z * math.sqrt(variance) else (below, at)
        return above

    return np.array([low(area), 1 - low(1 - area)])


def paired_interval(
    surplus: npt.ArrayLike, groups: IntArray, resampled: npt.ArrayLike, confidence: float = CONFIDENCE
) -> FloatArray:
    """Return low and high (2,) of the mean of `surplus` (N,): 1 where only the first is right, -1 the second, else 0.

    `groups` (N,) are group numbers, `resampled` (2,) is the mean's interval by the bootstrap over them. Each end lies
    as far off as Wilson's ends of the shares of 1 and of -1, put together as two shares of the same trials are whose
    correlation is known (Newcombe, 1998; Zou and Donner, 2008). How many trials those are, and when the bootstrap's end
    counts, is as in `proportion_interval`.
    """
    values, n_groups = np.asarray(surplus), len(np.unique(groups))
    shares = np.array([(values > 0).mean(), (values < 0).mean()])
    ends = np.transpose(wilson(shares * n_groups, n_groups, confidence))
    correlation = -np.sqrt(shares.prod() / (1 - shares).prod()) if shares.all() else 0.0  # what is one is not the other
    together = difference_interval(shares, ends, float(correlation)).clip(-1, 1)
    return together if n_groups == len(values) else farther(together, resampled)


def difference_interval(values: FloatArray, intervals: FloatArray, correlation: float) -> FloatArray:
    """Return low and high (2,) of the first minus the second of two `values` (2,), given low and high of each (2, 2).

    Each end lies as far off as the first's end that way and the second's the other way together, by the `correlation`
    of the two (Zou and Donner, 2008).
    """

    def off(first: float, second: float) -> float:
        return float(np.sqrt(first**2 + second**2 - 2 * correlation * first * second))

    (down, up), (down_of_second, up_of_second) = np.abs(intervals - values[:, None])
    return values[0] - values[1] + np.array([-off(down, up_of_second), off(up, down_of_second)])


def farther(one: FloatArray, other: npt.ArrayLike) -> FloatArray:
    """Return the farther of two intervals (2,) end by end; an end that is nan does not count."""
    low, high = np.stack([one, np.asarray(other, dtype=np.float64)], axis=1)
    return np.array([np.fmin(*low), np.fmax(*high)])


def bootstrap_multiplicities(
    n_images: int, groups: Sequence[Any] | npt.ArrayLike | None = None, *, samples: int = 2000, seed: int = 0
) -> Iterator[FloatArray]:
    """Yield chunks (b, N) of `samples` rows: how often each image occurs when whole groups are drawn with replacement.

    `groups` (N,) holds one id an image; `None` makes each image its own group. Each row draws as many groups as there
    are (cluster bootstrap: Davison and Hinkley, 1997, section 3.8). The rows depend on the arguments alone.
    """
    group_of_image = group_indices(n_images, groups)
    n_groups = int(group_of_image.max()) + 1
    rng = np.random.default_rng(seed)
    chunk = max(1, _CHUNK_ELEMENTS // n_images)
    for start in range(0, samples, chunk):
        rows = min(chunk, samples - start)
        drawn = rng.integers(n_groups, size=(rows, n_groups)) + n_groups * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * n_groups).reshape(rows, n_groups)
        yield counts.astype(np.float64)[:, group_of_image]


def bootstrap_intervals(
    statistics: Callable[[FloatArray], Mapping[str, FloatArray]],
    n_images: int,
    groups: Sequence[Any] | npt.ArrayLike | None = None,
    *,
    samples: int = 2000,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> dict[str, FloatArray]:
    """Percentile intervals, at 95 % unless told, of statistics over resampled groups, as arrays (2, ...): low and high.

    `statistics` is as in `bootstrap_values`. Resamples in which a statistic is undefined (nan) are left out.
    """
    values = bootstrap_values(statistics, n_images, groups, samples=samples, seed=seed)
    return {name: percentile_interval(array, confidence) for name, array in values.items()}


def bootstrap_values(
    statistics: Callable[[FloatArray], Mapping[str, FloatArray]],
    n_images: int,
    groups: Sequence[Any] | npt.ArrayLike | None = None,
    *,
    samples: int = 2000,
    seed: int = 0,
) -> dict[str, FloatArray]:
    """Return what statistics are over resampled groups, as arrays (`samples`, ...).

    `statistics` takes multiplicities (b, N) and gives named arrays (b, ...). With fewer than two groups nothing is
    known of the variation: nan.
    """
    chunks = [
        statistics(multiplicity)
        for multiplicity in bootstrap_multiplicities(n_images, groups, samples=samples, seed=seed)
    ]
    values = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    if group_indices(n_images, groups).max() == 0:
        return {name: np.full_like(array, np.nan) for name, array in values.items()}
    return values


def bootstrap_interval(
    statistic: Callable[[FloatArray], FloatArray],
    n_images: int,
    groups: Sequence[Any] | npt.ArrayLike | None = None,
    *,
    samples: int = 2000,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Low and high of one number, as `bootstrap_intervals` has them of several: `statistic` gives an array (b,)."""
    low, high = bootstrap_intervals(
        lambda multiplicity: {"": statistic(multiplicity)},
        n_images,
        groups,
        samples=samples,
        seed=seed,
        confidence=confidence,
    )[""]
    return float(low), float(high)


def group_indices(n_images: int, groups: Sequence[Any] | npt.ArrayLike | None = None) -> npt.NDArray[np.intp]:
    """Number the groups (N,) from 0; `None` makes each image its own group."""
    return np.arange(n_images) if groups is None else np.unique(groups, return_inverse=True)[1]


def percentile_interval(values: FloatArray, confidence: float = CONFIDENCE) -> FloatArray:
    """Return the percentiles (2, ...) of resampled values (b, ...) that leave out as much below as above."""
    undefined = np.isnan(values).all(axis=0)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    ends = np.nanquantile(np.where(undefined, 0, values), tails, axis=0)
    return np.where(undefined, np.nan, ends)
