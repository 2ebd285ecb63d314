"""How often a scheduler is asked: every few seconds at most, however many processes look at one workspace."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from allcore.runs.folder.disk_clock import seconds_since_written
from allcore.runs.folder.files import QUEUE_FOLDER

ASK_SECONDS: Final = 3.0
"""How long a word of a scheduler is good enough for all who look."""
_last_asked: dict[Path, float] = {}
_claiming: Final = Lock()


def jobs_folder(runs: Path, scheduler: str) -> Path:
    """Return the folder of one empty file for each run that a scheduler has: to find them, nobody reads all runs."""
    return runs / QUEUE_FOLDER / scheduler


def may_ask(jobs: Path) -> bool:
    """Return whether the scheduler of these jobs was not asked lately; who is told so is taken to ask now."""
    with _claiming:
        if asked_lately(jobs):
            return False
        _last_asked[jobs] = time.monotonic()
        with suppress(OSError):  # a full disk: other processes ask as well
            _mark_of(jobs).touch()
        return True


def asked_lately(jobs: Path) -> bool:
    """Return whether this process, or another one of the workspace, has asked a moment ago."""
    here = time.monotonic() - _last_asked.get(jobs, -ASK_SECONDS) < ASK_SECONDS
    return here or seconds_since_written(_mark_of(jobs)) < ASK_SECONDS


def _mark_of(jobs: Path) -> Path:
    return jobs.with_suffix(".asked")
