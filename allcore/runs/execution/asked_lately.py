"""How often a scheduler is asked: every few seconds at most, however many processes look at one workspace.

Nobody else asks while one does, and after a slow answer it is left alone for longer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

from allcore.runs.folder.disk_clock import seconds_since_written
from allcore.runs.folder.files import QUEUE_FOLDER

ASK_SECONDS: Final = 3.0
"""How long a word of a scheduler is good enough for all who look."""
_ASKING_SECONDS: Final = 30.0
"""How long whoever asks is waited for: it may have been killed meanwhile."""
_REST: Final = 2.0
"""How many times as long as its answer took a scheduler is left alone."""
_LONGEST_REST: Final = 60.0
_until: dict[Path, float] = {}
_claiming: Final = Lock()


def jobs_folder(runs: Path, scheduler: str) -> Path:
    """Return the folder of one empty file for each run that a scheduler has: to find them, nobody reads all runs."""
    return runs / QUEUE_FOLDER / scheduler


@contextmanager
def turn_to_ask(jobs: Path) -> Iterator[bool]:
    """Say whether the scheduler of these jobs is to be asked within the block: it was not asked lately."""
    with _claiming:
        lately = asked_lately(jobs)
        if not lately:
            _leave_alone(jobs, _ASKING_SECONDS)
    if lately:
        yield False
        return
    began = time.monotonic()
    try:
        yield True
    finally:
        took = time.monotonic() - began
        _leave_alone(jobs, max(ASK_SECONDS, min(_REST * took, _LONGEST_REST)))


def leave_to_others(jobs: Path) -> None:
    """Let other processes ask at once: what this one asks has none of these jobs."""
    with suppress(OSError):
        _mark_of(jobs).unlink(missing_ok=True)


def asked_lately(jobs: Path) -> bool:
    """Return whether this process, or another one of the workspace, asks now or has asked a moment ago."""
    if time.monotonic() < _until.get(jobs, 0.0):
        return True
    mark = _mark_of(jobs)
    return seconds_since_written(mark) < _seconds_in(mark)


def _leave_alone(jobs: Path, seconds: float) -> None:
    _until[jobs] = time.monotonic() + seconds
    with suppress(OSError):  # a full disk: other processes ask as well
        _mark_of(jobs).write_text(f"{seconds:.3f}")


def _seconds_in(mark: Path) -> float:
    """Return for how long a mark holds; one that says nothing, as it is being written or never was, for the least."""
    try:
        return float(mark.read_text())
    except (OSError, ValueError):
        return ASK_SECONDS


def _mark_of(jobs: Path) -> Path:
    return jobs.with_suffix(".asked")
