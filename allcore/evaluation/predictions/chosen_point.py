"""Where to draw the line between positive and negative classes, chosen on other images than it is judged on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.operating_point import (
    OperatingPoint,
    Question,
    RiskCoverage,
    operating_point,
    question,
    risk_coverage,
    threshold_for,
)

Held = Literal["specificity", "sensitivity"]


class Target(NamedTuple):
    """What the line is to hold, and how much of it at the least (fraction)."""

    held: Held
    at_least: float


TARGETS = (
    Target("specificity", 0.95), Target("specificity", 0.99), Target("sensitivity", 0.95), Target("sensitivity", 0.99),
)  # fmt: skip


class ChosenPoint(BaseModel):
    """A line that holds `at_least` of `held` on the images that it was chosen on, and what it does on those scored.

    `same_images` says that those are the same, so that what is held is held by construction, and the other flatters.
    """

    model_config = ConfigDict(frozen=True)

    held: Held
    at_least: float
    same_images: bool
    point: OperatingPoint


def asked_of(predictions: RecordedPredictions, positive: Collection[str]) -> Question:
    """Return the question whether each image is of a positive class. Raises `InputError` as `question` does."""
    table = predictions.table
    return question(
        list(table["label"]), predictions.probabilities, predictions.classes, positive, list(table["group"])
    )


def chosen_point(
    predictions: RecordedPredictions,
    positive: Collection[str],
    target: Target,
    chosen_on: RecordedPredictions | None = None,
    prevalence: float | None = None,
) -> ChosenPoint:
    """Return what a line does that is chosen to hold `target` on the images of `chosen_on`, or, unset, on these.

    `prevalence` is the share of positives for which PPV and NPV hold; unset, that of these images. Raises `InputError`
    when a side has no image, or no class is positive.
    """
    asked = asked_of(predictions, positive)
    threshold = threshold_for(
        asked if chosen_on is None else asked_of(chosen_on, positive), **{target.held: target.at_least}
    )
    return ChosenPoint(
        held=target.held,
        at_least=target.at_least,
        same_images=chosen_on is None,
        point=operating_point(asked, threshold, prevalence),
    )


def risk_by_trust(predictions: RecordedPredictions) -> dict[str, RiskCoverage]:
    """Return how much is wrong if the least certain, or the most novel, images are left to a person.

    Curves by what orders the images: "confidence", and "novelty" where that was recorded. Risk is of the classes.
    """
    table = predictions.table
    top = predictions.probabilities.max(axis=1)
    wrong = predictions.probabilities.argmax(axis=1) != predictions.labels
    curves = {"confidence": risk_coverage(wrong, top)}
    if "novelty" in table:
        curves["novelty"] = risk_coverage(wrong, -table["novelty"].to_numpy(np.float64))
    return curves
