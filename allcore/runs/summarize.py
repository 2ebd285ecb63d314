"""A run's summary, read from its folder."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from allcore.errors import RunError
from allcore.files import bytes_below
from allcore.runs.folder.about import NOTHING_SAID, about
from allcore.runs.folder.files import METRICS_FILE, PREDICTIONS_FILE, is_there
from allcore.runs.folder.history import History
from allcore.runs.folder.store import Run
from allcore.runs.summary import RunSummary

_Found = TypeVar("_Found")


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
    size = 0
    try:
        size = bytes_below(run.folder.resolve() if run.folder.is_symlink() else run.folder)
        return _summary(run, size, best)
    except RunError as error:
        return RunSummary(run.id, problem=str(error), bytes=size)
    except Exception as error:  # whatever else a foreign or half-written folder holds, the others are listed
        return RunSummary(run.id, problem=f"{type(error).__name__}: {error}", bytes=size)


def _summary(run: Run, size: int, best: Callable[[Run], float | None]) -> RunSummary:
    status, config = run.status(), run.config
    said, is_said = _readable(about, run, NOTHING_SAID)
    tested, is_tested = _readable(_tested, run, None) if status.state == "succeeded" else (None, True)
    return RunSummary(
        id=run.id,
        state=status.state,
        bytes=size,
        name=said.name,
        person_note=said.note,
        tags=said.tags,
        hidden=said.hidden,
        queued_at=status.queued_at,
        epoch=status.epoch,
        epochs=status.epochs,
        step=status.step,
        steps_per_epoch=status.steps_per_epoch,
        phase=status.phase,
        images_per_second=status.images_per_second,
        eta_seconds=status.eta_seconds,
        host=status.host,
        pid=status.pid,
        process_started=status.process_started,
        is_certain=status.is_certain and is_said and is_tested,
        devices=status.devices,
        device=status.device,
        error=status.error,
        warnings=status.warnings,
        dataset=config.dataset,
        variant=config.variant or "",
        image_size=config.image_size,
        protocol=config.split.protocol,
        study=config.study or "",
        place=config.place or "",
        best_validation_accuracy=best(run),
        test_accuracy=tested,
    )


def _readable(read: Callable[[Run], _Found], run: Run, lost: _Found) -> tuple[_Found, bool]:
    """Return what is read of a run and whether it could be: a name or predictions are `lost` otherwise, not the run."""
    try:
        return read(run), True
    except (RunError, KeyError):
        return lost, False


def _tested(run: Run) -> float | None:
    """Return the accuracy (fraction) on the run's test images; None without predictions.

    Raises `RunError` or `KeyError` where there are none that can be read.
    """
    if not is_there(run.folder / PREDICTIONS_FILE):
        return None
    from allcore.runs.folder.predictions import recorded_accuracy

    return recorded_accuracy(run.predictions(), "test")
