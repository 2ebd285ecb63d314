"""Results of baselines cached on disk, known by the content of the split and by what the baseline does."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from allcore import __version__
from allcore.cells.finder import WORK as FINDER_WORK
from allcore.data.intake.images import INTAKE_VERSION
from allcore.data.splits.split import Split
from allcore.evaluation.scoring.scores import Scores
from allcore.evaluation.shortcuts.registry import Baseline
from allcore.result_cache import cache_text, read_cached, short_digest

WORK = 8
"""Raise it when a baseline's features or classifier, or the scores, change."""


class CachedResult(BaseModel):
    """A baseline's probabilities (N, C) of the test images, their scores, and the SHA-256 of the weights behind them.

    `weights` is '' where the baseline has none, or an earlier version did not say.
    """

    model_config = ConfigDict(frozen=True)

    probabilities: list[list[float]]
    scores: Scores
    weights: str = ""


class CachedResults:
    """The results that are cached of one split; without a `cache` there are none, and none are cached."""

    def __init__(self, split: Split, cache: Path | None) -> None:
        self._shape = (len(split.rows("test")), len(split.classes))
        work = (split.content, WORK, FINDER_WORK, INTAKE_VERSION, __version__)
        self._folder = None if cache is None else cache / "shortcuts" / _digest(work)

    def read(self, baseline: Baseline) -> CachedResult | None:
        """Return what is cached of a baseline; None when there is nothing, or it is damaged or made with other weights.

        Where no weights are on this machine, it does not matter which they were.
        """
        if self._folder is None:
            return None
        cached = read_cached(self._folder / _name(baseline), CachedResult)
        if cached is None or (cached.weights and baseline.weights() not in ("", cached.weights)):
            return None
        shape = (len(cached.probabilities), *{len(row) for row in cached.probabilities})
        return cached if shape == self._shape else None

    def keep(self, baseline: Baseline, cached: CachedResult) -> None:
        """Keep what a baseline reached, whole or not at all."""
        if self._folder is None:
            return
        cache_text(self._folder / _name(baseline), cached.model_dump_json())


def _name(baseline: Baseline) -> str:
    return f"{_digest((baseline.name, baseline.what))}.json"


def _digest(content: tuple[object, ...]) -> str:
    return short_digest(repr(content))
