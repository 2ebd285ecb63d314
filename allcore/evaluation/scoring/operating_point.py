"""A yes-or-no question asked of a model of several classes: where to draw the line, and what follows from it.

The classes that answer "yes" are the positive ones, by default every class but the benign one; an image's score is the
sum of their probabilities.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from allcore.arrays import BoolArray, FloatArray
from allcore.errors import InputError
from allcore.evaluation.scoring.intervals import bootstrap_intervals, group_indices, proportion_interval
from allcore.evaluation.scoring.scores import Interval, fraction


class Question(NamedTuple):
    """N images by a yes-or-no question: `score` (N,) from 0 to 1, `positive` (N,) the truth, `groups` (N,)."""

    score: FloatArray
    positive: BoolArray
    groups: npt.NDArray[np.intp]


def question(
    labels: Sequence[str],
    probabilities: FloatArray,
    classes: Sequence[str],
    positive: Collection[str],
    groups: Sequence[object] | None = None,
) -> Question:
    """Return the question "is it one of `positive`?" for images with true `labels` (N,) and `probabilities` (N, C).

    `groups` (N,) says which images hang together; unset, none do. Raises `InputError` when a positive class is unknown,
    or none or all of them are positive.
    """
    if unknown := sorted(set(positive) - set(classes)):
        raise InputError(
            f"{unknown[0]!r} is none of the classes {', '.join(classes)}; name positive classes among them"
        )
    yes = np.array([name in positive for name in classes])
    if not yes.any() or yes.all():
        raise InputError(
            f"{'no' if not yes.any() else 'every'} class is positive; expected at least one positive and one negative "
            f"of {', '.join(classes)}"
        )
    truth = np.array([label in positive for label in labels], bool)
    score = np.asarray(probabilities, np.float64)[:, yes].sum(axis=1).clip(0, 1)
    return Question(score, truth, group_indices(len(truth), groups))


class OperatingPoint(BaseModel):
    """What a threshold does on N images: "yes" is said where the score reaches `threshold`, nowhere where that is None.

    Fractions; `None` where undefined. The 95 % intervals of sensitivity and specificity are those of `Scores`; PPV and
    NPV have what follows from both ends. `prevalence` is the share of positives for which `ppv` and `npv` hold.
    """

    model_config = ConfigDict(frozen=True)

    threshold: float | None
    sensitivity: float | None
    specificity: float | None
    ppv: float | None
    npv: float | None
    prevalence: float
    n_positive: int
    n_negative: int
    intervals: dict[str, Interval]


def threshold_for(
    asked: Question, *, specificity: float | None = None, sensitivity: float | None = None
) -> float | None:
    """Return the threshold that reaches a target on these images and leaves the other score as high as possible.

    Give exactly one target, a fraction. The threshold lies half-way between two neighbouring scores, so that an image
    just above or below is still called the same, rounded to as few decimals, three at least, as keep it between them:
    it can be written down. None where no threshold reaches the specificity, as too many negative
    images have the highest score: then nothing may be called positive. Raises `InputError` when a side has no image.
    """
    if (specificity is None) == (sensitivity is None):
        raise InputError("give either a specificity or a sensitivity to hold, not both and not neither")
    n_positive = int(asked.positive.sum())
    if n_positive in (0, len(asked.positive)):
        raise InputError("a threshold cannot be chosen on images that are all positive or all negative; add others")
    scores = np.unique(asked.score)
    lines = np.concatenate([[0.0], (scores[:-1] + scores[1:]) / 2, [np.inf]])
    positives, negatives = np.sort(asked.score[asked.positive]), np.sort(asked.score[~asked.positive])
    found = (len(positives) - np.searchsorted(positives, lines, side="left")) / len(positives)
    spared = np.searchsorted(negatives, lines, side="left") / len(negatives)
    if specificity is not None:  # specificity rises with the line, sensitivity falls: the lowest line that holds it
        chosen = int(np.argmax(spared >= specificity))
    else:
        chosen = int(np.flatnonzero(found >= (sensitivity or 0.0))[-1])
    if chosen == len(scores):
        return None
    return threshold_between(*scores[chosen - 1 : chosen + 1]) if chosen else 0.0


def threshold_between(below: float, above: float) -> float:
    """Return the number half-way between two, rounded to as few decimals, three at least, as keep it between them."""
    half_way = (below + above) / 2
    rounded = (round(float(half_way), digits) for digits in range(3, 18))
    return next((each for each in rounded if below < each < above), float(half_way))


def operating_point(asked: Question, threshold: float | None, prevalence: float | None = None) -> OperatingPoint:
    """Return sensitivity, specificity, PPV and NPV at a threshold; where there is none, nothing is called positive.

    `prevalence` is the share of positives among those to whom the test is given; unset, that of these images. PPV and
    NPV follow from it by Bayes' theorem.
    Raises `InputError` when it is no fraction.
    """
    if prevalence is not None and not 0 <= prevalence <= 1:
        raise InputError(f"a prevalence of {prevalence:g} is no share; expected a number from 0 to 1")
    called = asked.score >= (np.inf if threshold is None else threshold)
    share = float(asked.positive.mean()) if prevalence is None else prevalence
    intervals = _intervals(asked, called)
    ends = list(zip(intervals["sensitivity"], intervals["specificity"], strict=True))
    sensitivity, specificity = _share(called, asked.positive), _share(~called, ~asked.positive)
    return OperatingPoint(
        threshold=threshold,
        sensitivity=fraction(sensitivity),
        specificity=fraction(specificity),
        ppv=fraction(_ppv(sensitivity, specificity, share)),
        npv=fraction(_npv(sensitivity, specificity, share)),
        prevalence=share,
        n_positive=int(asked.positive.sum()),
        n_negative=int((~asked.positive).sum()),
        intervals={
            **{name: (fraction(low), fraction(high)) for name, (low, high) in intervals.items()},
            "ppv": tuple(fraction(_ppv(*end, share)) for end in ends),
            "npv": tuple(fraction(_npv(*end, share)) for end in ends),
        },
    )


class DecisionCurve(NamedTuple):
    """Net benefit (T,) of acting on the model, on everybody and on nobody (0), by threshold probability (T,)."""

    threshold: FloatArray
    model: FloatArray
    everybody: FloatArray


def decision_curve(asked: Question, thresholds: FloatArray, prevalence: float | None = None) -> DecisionCurve:
    """Return the decision curve (Vickers and Elkin, 2006) at `thresholds` (T,), each above 0 and below 1.

    At threshold probability t a false alarm weighs t / (1 - t) of a finding; net benefit is in findings per image, for
    the given share of positives or that of these images.
    """
    share = float(asked.positive.mean()) if prevalence is None else prevalence
    called = asked.score >= thresholds[:, None]
    weight = thresholds / (1 - thresholds)
    found = called[:, asked.positive].mean(axis=1) if asked.positive.any() else np.zeros(len(thresholds))
    alarms = called[:, ~asked.positive].mean(axis=1) if not asked.positive.all() else np.zeros(len(thresholds))
    return DecisionCurve(thresholds, share * found - (1 - share) * alarms * weight, share - (1 - share) * weight)


class RiskCoverage(NamedTuple):
    """Share of images answered (T,) rising to 1, and share of those that are answered wrong (T,)."""

    coverage: FloatArray
    risk: FloatArray


def risk_coverage(wrong: BoolArray, trust: FloatArray) -> RiskCoverage:
    """Return how much is wrong if only the most trusted images are answered and a person takes the others.

    `wrong` (N,) says which answers are, `trust` (N,) orders them, the higher the surer (El-Yaniv and Wiener, 2010).
    Images of equal trust are answered together.
    """
    order = np.argsort(-trust, kind="stable")
    last = np.flatnonzero(np.append(np.diff(trust[order]) != 0, True))
    answered = last + 1
    return RiskCoverage(answered / len(wrong), np.cumsum(wrong[order])[last] / answered)


def _share(hits: BoolArray, among: BoolArray) -> float:
    return float(hits[among].mean()) if among.any() else float("nan")


def _intervals(asked: Question, called: BoolArray) -> dict[str, FloatArray]:
    """Return low and high (2,) of sensitivity and specificity, as `proportion_interval` has them."""
    sides = {"sensitivity": (called, asked.positive), "specificity": (~called, ~asked.positive)}

    def shares(multiplicity: FloatArray) -> dict[str, FloatArray]:
        with np.errstate(invalid="ignore"):
            return {
                name: multiplicity @ (hits & among).astype(float) / (multiplicity @ among.astype(float))
                for name, (hits, among) in sides.items()
            }

    bootstrap = bootstrap_intervals(shares, len(called), asked.groups)
    return {
        name: proportion_interval(hits, among, asked.groups, bootstrap[name]) for name, (hits, among) in sides.items()
    }


def _ppv(sensitivity: float, specificity: float, prevalence: float) -> float:
    called = sensitivity * prevalence + (1 - specificity) * (1 - prevalence)
    return sensitivity * prevalence / called if called else float("nan")


def _npv(sensitivity: float, specificity: float, prevalence: float) -> float:
    spared = specificity * (1 - prevalence) + (1 - sensitivity) * prevalence
    return specificity * (1 - prevalence) / spared if spared else float("nan")
