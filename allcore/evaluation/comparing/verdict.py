"""Two settings compared over folds and seeds: how far apart they are, and what may be concluded."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from allcore.evaluation.comparing.repeated import RepeatedDifference
from allcore.evaluation.scoring.intervals import SIGNIFICANCE
from allcore.evaluation.scoring.scores import Interval

Verdict = Literal["they differ", "the same within the margin", "cannot be told apart"]


class SettingDifference(BaseModel):
    """First minus second setting by accuracy (fraction), on the images that both tested in the same fold and seed.

    `interval`, `p` (McNemar over groups, by Holm's method adjusted for all pairs of the study) and `same_images` (two
    one-sided tests within `margin`, over groups) are of these networks on other images. `repeated` is of networks
    trained anew on other parts of the images, by the corrected resampled t-test; None where that is not known: with
    fewer than two parts, or where all parts have the same difference.
    """

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    images: int
    difference: float
    interval: Interval
    p: float
    margin: float
    same_images: bool
    repeated: RepeatedDifference | None

    @property
    def verdict(self) -> Verdict:
        """What both ways of looking allow to be said: a claim needs the images' consent, and the networks' if known."""
        repeated = self.repeated
        if self.p < SIGNIFICANCE and (repeated is None or repeated.differ):
            return "they differ"
        if self.same_images and (repeated is None or repeated.equivalent):
            return "the same within the margin"
        return "cannot be told apart"

    def turned(self) -> SettingDifference:
        """Return the same, second minus first."""
        repeated = self.repeated
        if repeated is not None:
            turned = {"difference": -repeated.difference, "low": -repeated.high, "high": -repeated.low}
            repeated = repeated.model_copy(update=turned)
        low, high = self.interval
        ends = (None if high is None else -high, None if low is None else -low)
        return self.model_copy(
            update={
                "first": self.second, "second": self.first, "difference": -self.difference, "interval": ends,
                "repeated": repeated,
            }
        )  # fmt: skip
