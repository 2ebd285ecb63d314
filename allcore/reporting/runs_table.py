"""All runs in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from allcore.errors import RunError
from allcore.runs.store import Run

COLUMNS = ("run", "state", "epochs", "image_size", "split", "dataset", "test_accuracy", "note")


def runs_table(runs: Iterable[Run], test_accuracy: Callable[[Run], float]) -> pd.DataFrame:
    """Return one row a run, in order: run, state, epochs, image_size (px), split,
    dataset (its folder and that above), test_accuracy, note.

    `test_accuracy` is asked of the runs that succeeded. A run that cannot be read has the state `damaged` and the
    reason as its note.
    """
    rows = []
    for run in runs:
        try:
            rows.append(_row(run, test_accuracy))
        except RunError as error:
            rows.append({"run": run.id, "state": "damaged", "note": str(error)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(run: Run, test_accuracy: Callable[[Run], float]) -> dict[str, object]:
    status, config = run.status(), run.config
    return {
        "run": run.id,
        "state": status.state,
        "epochs": f"{status.epoch} of {status.epochs}",
        "image_size": config.image_size,
        "split": config.split.protocol,
        "dataset": "/".join(Path(config.dataset).parts[-2:]),
        "test_accuracy": test_accuracy(run) if status.state == "succeeded" else None,
        "note": status.error,
    }
