"""What a list of runs says of each: one line, also of those that are damaged. Plain values: lists keep them as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from allcore.runs.folder.states import ACTIVE, State, in_words

if TYPE_CHECKING:
    import pandas as pd

SUMMARY_COLUMNS: Final = {
    "run": "str", "name": "str", "tags": "str", "state": "str", "launched": "str",
    "epoch": "Int64", "epochs": "Int64", "image_size": "Int64", "split": "str",
    "study": "str", "dataset": "str", "test_accuracy": "Float64", "best_validation_accuracy": "Float64",
    "images_per_second": "Float64", "eta_seconds": "Float64", "bytes": "Int64", "note": "str", "person_note": "str",
}  # fmt: skip
"""What a row says, with the type of its column in a table; `note` is what went wrong, `person_note` a person's."""


class RunSummary(NamedTuple):
    """One run at a glance: what its status, its configuration and a person say of it that lists show or sort by.

    Of a damaged run nothing is known but its `id`, its `bytes` (those of all its files) and the `problem`. It
    `is_certain` unless another machine, or a look a moment later, may read something else from the same files.
    """

    id: str
    state: State | Literal["damaged"] = "damaged"
    problem: str = ""
    bytes: int = 0

    name: str = ""
    person_note: str = ""
    tags: tuple[str, ...] = ()
    hidden: bool = False

    queued_at: float = 0.0
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps_per_epoch: int = 0
    phase: str = ""
    images_per_second: float | None = None
    eta_seconds: float | None = None
    host: str = ""
    pid: int | None = None
    process_started: str | float | None = None
    is_certain: bool = True
    devices: tuple[str, ...] = ()
    device: str = ""
    error: str = ""
    warnings: tuple[str, ...] = ()

    dataset: str = ""
    variant: str = ""
    image_size: int | None = None
    protocol: str = ""
    study: str = ""
    place: str = ""

    best_validation_accuracy: float | None = None
    test_accuracy: float | None = None

    @property
    def is_active(self) -> bool:
        """Whether the run is queued, running or stopping."""
        return self.state in ACTIVE

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing but its files can change what is said of it: it has ended, or waits in a scheduler's queue.

        Not so of a damaged run: what is wrong may be mended in any file of it.
        """
        waits = self.state == "queued" and self.pid is None and self.phase != ""
        ended = not self.is_active and self.state != "damaged"
        return self.is_certain and (waits or ended)

    @property
    def progress(self) -> float:
        """The part of all training steps that is done, 0 to 1; early stopping leaves it below 1."""
        if self.steps_per_epoch == 0 or self.epochs == 0:
            return 0.0
        return min(1.0, (self.epoch * self.steps_per_epoch + self.step) / (self.epochs * self.steps_per_epoch))

    @property
    def note(self) -> str:
        """What went wrong, or else the first warning."""
        return self.problem or self.error or next(iter(self.warnings), "")

    @property
    def text(self) -> str:
        """The run's id, name, note, tags, state, dataset, variant and study, in which words are looked for."""
        of = (self.dataset, self.variant, self.study)
        return " ".join((self.id, self.name, self.person_note, *self.tags, in_words(self.state), *of))

    def says(self, words: str) -> bool:
        """Return whether its text holds every one of some words, in whatever case."""
        text = self.text.casefold()
        return all(word in text for word in words.casefold().split())


def summary_table(summaries: Sequence[RunSummary]) -> pd.DataFrame:
    """Return one row a run, with the columns of `summary_rows`."""
    import pandas as pd

    return pd.DataFrame(summary_rows(summaries), columns=list(SUMMARY_COLUMNS)).astype(SUMMARY_COLUMNS)


def summary_rows(summaries: Sequence[RunSummary]) -> list[dict[str, Any]]:
    """Return one row a run: id, name, tags, state, launched (UTC), epochs done and asked for, image size in pixels,
    split protocol, study, dataset (the folder above it, its own and the run's variant), test accuracy and best
    validation accuracy (fractions), images a second, seconds left while it goes on, bytes of its folder, what went
    wrong (`note`), and what a person noted (`person_note`). What is not known is None, or empty where it is a text."""
    return [_row(one) for one in summaries]


def _row(one: RunSummary) -> dict[str, Any]:
    known = one.state != "damaged"
    return {
        "run": one.id,
        "name": one.name,
        "tags": ", ".join(one.tags),
        "state": one.state,
        "launched": f"{datetime.fromtimestamp(one.queued_at, UTC):%Y-%m-%d %H:%M}" if known else "",
        "epoch": one.epoch if known else None,
        "epochs": one.epochs if known else None,
        "image_size": one.image_size,
        "split": one.protocol,
        "study": one.study,
        "dataset": _short_dataset(one.dataset, one.variant),
        "test_accuracy": one.test_accuracy,
        "best_validation_accuracy": one.best_validation_accuracy,
        "images_per_second": one.images_per_second,
        "eta_seconds": one.eta_seconds if one.is_active else None,
        "bytes": one.bytes,
        "note": one.note,
        "person_note": one.person_note,
    }


@lru_cache(1_000)
def _short_dataset(dataset: str, variant: str) -> str:
    return "/".join(filter(None, (*Path(dataset).parts[-2:], variant)))
