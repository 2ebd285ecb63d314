"""Results of baselines kept on disk, known by the content of the split and by what the baseline does."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from allcore import __version__
from allcore.data.split import Split
from allcore.evaluation.scoring.scores import Scores
from allcore.evaluation.shortcuts.registry import Baseline
from allcore.writing import make_folder, write_whole

WORK = 3
"""Raise it when a baseline's features or classifier, or the scores, change."""


class Kept(BaseModel):
    """A baseline's probabilities (N, C) of the test images, and their scores."""

    model_config = ConfigDict(frozen=True)

    probabilities: list[list[float]]
    scores: Scores


class KeptResults:
    """The results that are kept of one split; without a `cache` there are none, and none are kept."""

    def __init__(self, split: Split, cache: Path | None) -> None:
        self._shape = (len(split.rows("test")), len(split.classes))
        self._folder = None if cache is None else cache / "shortcuts" / _digest((content_key(split), WORK, __version__))

    def read(self, baseline: Baseline) -> Kept | None:
        """Return what is kept of a baseline; None when there is nothing, or it is damaged."""
        if self._folder is None:
            return None
        try:
            kept = Kept.model_validate_json((self._folder / _name(baseline)).read_bytes())
        except (OSError, ValueError):
            return None
        shape = (len(kept.probabilities), *{len(row) for row in kept.probabilities})
        return kept if shape == self._shape else None

    def keep(self, baseline: Baseline, kept: Kept) -> None:
        """Keep what a baseline reached, whole or not at all."""
        if self._folder is None:
            return
        with suppress(OSError):  # a full disk, say: the result is whole without its copy, and is made again
            make_folder(self._folder)
            write_whole(self._folder / _name(baseline), kept.model_dump_json())


def content_key(split: Split) -> str:
    """Return a text that splits of the same images, labels and groups share, whatever their files are called."""
    return _digest((split.table[["sha256", "label", "group", "split"]].to_csv(index=False),))


def _name(baseline: Baseline) -> str:
    return f"{_digest((baseline.name, baseline.what))}.json"


def _digest(content: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]
