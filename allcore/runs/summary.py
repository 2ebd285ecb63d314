"""What a list of runs says of each: one line, also of those that are damaged."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from allcore.config import TrainConfig
from allcore.errors import RunError
from allcore.files import bytes_below
from allcore.runs.folder.about import NOTHING_SAID, About, readable_about
from allcore.runs.folder.files import METRICS_FILE
from allcore.runs.folder.history import History
from allcore.runs.folder.states import ACTIVE, State, in_words
from allcore.runs.folder.status import Status
from allcore.runs.folder.store import Run
from allcore.runs.summary_columns import SUMMARY_COLUMNS, holds_words

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RunSummary:
    """One run at a glance. A damaged run has neither status nor configuration, and a problem that says why.

    `bytes` are those of all its files.
    """

    id: str
    status: Status | None = None
    config: TrainConfig | None = None
    best_validation_accuracy: float | None = None
    test_accuracy: float | None = None
    problem: str = ""
    bytes: int = 0
    about: About = NOTHING_SAID

    @property
    def state(self) -> State | Literal["damaged"]:
        """The run's state, or `damaged`."""
        return "damaged" if self.status is None else self.status.state

    @property
    def is_active(self) -> bool:
        """Whether the run is queued, running or stopping."""
        return self.status is not None and self.status.state in ACTIVE

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing of it changes but what its files say: it has ended, or waits in a scheduler's queue."""
        status = self.status
        waits = status is not None and status.state == "queued" and status.pid is None and status.phase != ""
        return waits or not self.is_active

    @property
    def progress(self) -> float:
        """The part of all training steps that is done, 0 to 1; early stopping leaves it below 1."""
        if self.status is None or self.status.steps_per_epoch == 0 or self.status.epochs == 0:
            return 0.0
        done = self.status.epoch * self.status.steps_per_epoch + self.status.step
        return min(1.0, done / (self.status.epochs * self.status.steps_per_epoch))

    @property
    def note(self) -> str:
        """What went wrong, or else the first warning."""
        if self.status is None:
            return self.problem
        return self.status.error or next(iter(self.status.warnings), "")

    @property
    def text(self) -> str:
        """The run's id, name, note, tags, state, dataset, variant and study, in which words are looked for."""
        said, config = self.about, self.config
        of = () if config is None else (config.dataset, config.variant or "", config.study or "")
        return " ".join((self.id, said.name, said.note, *said.tags, in_words(self.state), *of))

    def says(self, words: str) -> bool:
        """Return whether its text holds every one of some words."""
        return holds_words(self.text, words)


def best_validation_accuracy(history: History) -> float | None:
    """Return the highest validation accuracy of a run's epochs (fraction), or None before the first has ended."""
    epochs = history.epochs
    best = float(epochs["validation_accuracy"].max()) if len(epochs) else math.nan
    return None if math.isnan(best) else best


def _best(run: Run) -> float | None:
    if not (run.folder / METRICS_FILE).exists():  # as of most runs of a long queue
        return None
    return best_validation_accuracy(run.history())


def summarize(run: Run, best: Callable[[Run], float | None] = _best) -> RunSummary:
    """Return the run's summary; whatever is wrong with its folder makes it a damaged one and is never raised.

    `best` gives its best validation accuracy: a caller that looks often keeps what it has read.
    """
    size = bytes_below(run.folder.resolve() if run.folder.is_symlink() else run.folder)
    try:
        status = run.status()
        return RunSummary(
            run.id, status, run.config, best(run), _tested(run, status), bytes=size, about=readable_about(run)
        )
    except RunError as error:
        return RunSummary(run.id, problem=str(error), bytes=size)
    except Exception as error:  # whatever else a foreign or half-written folder holds, the others are listed
        return RunSummary(run.id, problem=f"{type(error).__name__}: {error}", bytes=size)


def _tested(run: Run, status: Status) -> float | None:
    """Return the accuracy (fraction) on the run's test images once it has succeeded."""
    if status.state != "succeeded":
        return None
    from allcore.runs.folder.predictions import recorded_accuracy

    try:
        return recorded_accuracy(run.predictions(), "test")
    except (RunError, KeyError):  # its predictions are lost, and not the run; Evaluate says why
        return None


def summary_table(summaries: Sequence[RunSummary]) -> pd.DataFrame:
    """Return one row a run, with the columns of `summary_rows`."""
    import pandas as pd

    return pd.DataFrame(summary_rows(summaries), columns=list(SUMMARY_COLUMNS)).astype(SUMMARY_COLUMNS)


def summary_rows(summaries: Sequence[RunSummary]) -> list[dict[str, Any]]:
    """Return one row a run: id, name, tags, state, launched (UTC), epochs done and asked for, image size in pixels,
    split protocol, study, dataset (the folder above it, its own and the run's variant), test accuracy and best
    validation accuracy (fractions), images a second, seconds left while it goes on, bytes of its folder, what went
    wrong (`note`), and what a person noted (`person_note`). What is not known is None."""
    rows = map(_row, summaries)
    return [
        {name: row.get(name, "" if kind == "str" else None) for name, kind in SUMMARY_COLUMNS.items()} for row in rows
    ]


def _row(summary: RunSummary) -> dict[str, object]:
    row: dict[str, object] = {
        "run": summary.id, "name": summary.about.name, "tags": ", ".join(summary.about.tags), "state": summary.state,
        "bytes": summary.bytes, "note": summary.note,
        "person_note": summary.about.note,
    }  # fmt: skip
    if summary.status is None or summary.config is None:
        return row
    return row | {
        "launched": f"{datetime.fromtimestamp(summary.status.queued_at, UTC):%Y-%m-%d %H:%M}",
        "epoch": summary.status.epoch,
        "epochs": summary.status.epochs,
        "image_size": summary.config.image_size,
        "split": summary.config.split.protocol,
        "study": summary.config.study or "",
        "dataset": "/".join(filter(None, (*Path(summary.config.dataset).parts[-2:], summary.config.variant))),
        "test_accuracy": summary.test_accuracy,
        "best_validation_accuracy": summary.best_validation_accuracy,
        "images_per_second": summary.status.images_per_second,
        "eta_seconds": summary.status.eta_seconds if summary.is_active else None,
    }
