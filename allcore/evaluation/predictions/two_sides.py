"""Positive against negative classes: whether an image is found, whichever class of its side it is called."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from pydantic import BaseModel, ConfigDict

from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.scores import ClassScores, Interval, score

_SIDES = ("negative", "positive")


class Side(BaseModel):
    """How many images of a side there are, and the fraction called some class of it; None where there is no image."""

    model_config = ConfigDict(frozen=True)

    images: int
    right: float | None
    interval: Interval


class TwoSides(BaseModel):
    """Sensitivity (of the positive classes' images) and specificity (of the others'), each with its 95 % interval."""

    model_config = ConfigDict(frozen=True)

    sensitivity: Side
    specificity: Side


def two_sides(predictions: RecordedPredictions, positive: Collection[str]) -> TwoSides:
    """Score `positive` classes against the others, in fractions.

    What counts is the side of the predicted class, the most probable one; the intervals are those of a recall as
    `score` makes them. Raises `InputError` when there is no image.
    """
    is_positive = np.isin(predictions.classes, list(positive)).astype(int)
    labels = [_SIDES[side] for side in is_positive[predictions.labels]]
    called = np.eye(2)[is_positive[predictions.probabilities.argmax(axis=1)]]
    per_side = score(labels, called, _SIDES, list(predictions.table["group"])).per_class
    return TwoSides(sensitivity=_side(per_side["positive"]), specificity=_side(per_side["negative"]))


def _side(of: ClassScores) -> Side:
    return Side(images=of.support, right=of.recall, interval=of.intervals["recall"])
