"""Scores measured over and over, by folds and seeds: their spread, and whether two models differ or are equivalent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from allcore.errors import InputError
from allcore.evaluation.scoring.intervals import CONFIDENCE, SIGNIFICANCE

_SAME = 1e-4
"""Differences closer than a hundredth of a point are one: equal counts in parts whose sizes differ by an image."""


class Spread(BaseModel):
    """Mean of a score over all that was measured of S seeds of K folds each, and its standard deviations.

    `sd_folds` is that of the folds about the mean of their seed (pooled over seeds), so it holds what the choice of
    test images does; `sd_seeds` is that of the means of seeds of which all folds were measured, what initialisation,
    order and division do once every image was tested. Both have one degree of freedom less than values (Bessel);
    `None` where one value is too few.
    """

    model_config = ConfigDict(frozen=True)

    mean: float
    sd_folds: float | None
    sd_seeds: float | None
    folds: int
    seeds: int


def spread(values: npt.ArrayLike) -> Spread:
    """Return mean and standard deviations of a score (S, K): a row a seed, a column a fold; nan where not measured.

    Raises `InputError` when nothing was measured.
    """
    table = np.atleast_2d(np.asarray(values, np.float64))
    table = table[~np.isnan(table).all(axis=1)]
    if not table.size:
        raise InputError("no member of the study has a score; expected at least one finished run; run the study first")
    means = np.nanmean(table, axis=1)
    counts = (~np.isnan(table)).sum(axis=1)
    whole = means[counts == table.shape[1]]
    freedom = int((counts - 1).sum())
    squares = float(np.nansum((table - means[:, None]) ** 2))
    return Spread(
        mean=float(np.nanmean(table)),
        sd_folds=float(np.sqrt(squares / freedom)) if freedom else None,
        sd_seeds=float(whole.std(ddof=1)) if len(whole) > 1 else None,
        folds=table.shape[1],
        seeds=len(table),
    )


class RepeatedDifference(BaseModel):
    """First minus second, measured on the same J parts: mean, 95 % interval, two-sided p, and p of equivalence.

    `p` and the interval are those of the corrected resampled t-test. `p_equivalent` is the larger p-value of two
    one-sided tests that the difference lies beyond `margin` to either side; below 0.05 the two are the same within the
    margin, which a large `p` never says.
    """

    model_config = ConfigDict(frozen=True)

    difference: float
    low: float
    high: float
    p: float
    margin: float
    p_equivalent: float
    parts: int

    @property
    def differ(self) -> bool:
        """Whether the two can be told apart."""
        return self.p < SIGNIFICANCE

    @property
    def equivalent(self) -> bool:
        """Whether the two are the same within the margin."""
        return self.p_equivalent < SIGNIFICANCE


def compare_repeated(
    first: npt.ArrayLike, second: npt.ArrayLike, test_to_train: float, margin: float
) -> RepeatedDifference | None:
    """Compare two models by a score that each has on the same J parts: `first` and `second` (J,), in the same order.

    Parts share training images, so their differences vary less than independent ones would. The variance of the mean
    is therefore taken as (1 / J + `test_to_train`) times that of the differences, where `test_to_train` is the number
    of test images by that of training images, 1 / (K - 1) for K folds without validation: the corrected resampled
    t-test with J - 1 degrees of freedom (Nadeau and Bengio, 2003; Bouckaert and Frank, 2004). Equivalence is tested by
    Schuirmann's two one-sided tests (1987) with the same error. `margin` is in the score's unit.

    None where all parts have the same difference within a hundredth of a point: then they do not say how much other
    parts would differ. Raises `InputError` with fewer than two parts, or a margin that is not positive.
    """
    scores = np.stack([np.asarray(first, np.float64), np.asarray(second, np.float64)])
    scores = scores[:, ~np.isnan(scores).any(axis=0)]
    differences = scores[0] - scores[1]
    n = len(differences)
    if n < 2:
        raise InputError(f"{n} parts were tested by both; expected at least two; finish more folds or seeds of both")
    if not margin > 0:
        raise InputError(f"a margin of {margin:g} holds no difference; expected a number above 0, such as 0.01")
    if np.ptp(differences) < _SAME:
        return None
    mean = float(differences.mean())
    error = float(np.sqrt((1 / n + test_to_train) * differences.var(ddof=1)))
    reach = _student_quantile((1 + CONFIDENCE) / 2, n - 1) * error
    return RepeatedDifference(
        difference=mean,
        low=mean - reach,
        high=mean + reach,
        p=2 * _beyond(abs(mean), error, n - 1),
        margin=margin,
        p_equivalent=max(_beyond(margin - mean, error, n - 1), _beyond(margin + mean, error, n - 1)),
        parts=n,
    )


def _beyond(distance: float, error: float, freedom: int) -> float:
    """Return the chance of a mean that is `distance` further than the truth, given its standard `error`."""
    from scipy.special import stdtr  # of scipy.stats, which takes half a second to import, no more would be used

    return float(stdtr(freedom, -distance / error))


def _student_quantile(chance: float, freedom: int) -> float:
    """Return the value below which Student's t with so many degrees of freedom lies with a chance."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, chance))
