"""Going on with a run whose `status.json` is damaged or gone, though all else is whole."""

from __future__ import annotations

import time
from contextlib import suppress

from allcore.errors import RunError
from allcore.runs.folder.files import CHECKPOINTS_FOLDER
from allcore.runs.folder.history import last_segment
from allcore.runs.folder.status import Status
from allcore.runs.folder.store import Run
from allcore.runs.folder.worker_lock import has_worker


def resting_status(run: Run) -> Status:
    """Return the run's status, made anew where it cannot be read and no worker of the run lives.

    Raises `RunError` when one does, or when the configuration cannot be read either.
    """
    try:
        return run.status()
    except RunError:
        if has_worker(run.folder):
            raise
    moment = time.time()
    return Status(
        state="interrupted", heartbeat=moment, queued_at=moment, epochs=run.config.epochs, segment=_last_segment(run)
    )


def _last_segment(run: Run) -> int:
    """Return the number of the run's last segment: later checkpoints must come after those that are there."""
    segments = [0]
    with suppress(RunError):  # the metrics may be damaged too
        segments.append(last_segment(run.folder))
    for checkpoint in (run.folder / CHECKPOINTS_FOLDER).glob("*"):
        with suppress(ValueError):
            segments.append(int(checkpoint.name.split("-")[0]))
    return max(segments)
