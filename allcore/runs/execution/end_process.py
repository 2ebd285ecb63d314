"""Ending the process that carries out a run or a study."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from allcore.errors import RunError
from allcore.runs.folder.disk_clock import seconds_since_written
from allcore.runs.folder.files import STATUS_FILE
from allcore.runs.folder.process import host, is_alive
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import ELSEWHERE_SECONDS, SAVING, TRAINING, VALIDATING, Status, read_status
from allcore.runs.folder.store import Run

_POLL_SECONDS = 0.1
_LONGEST_POLL_SECONDS = 1.0
"""A look reads files of a folder that others may share, and many runs may be stopped at a time."""
_MOST_SECONDS = 1800.0
_STEPS = 2.0
"""For how many steps a worker has time until it sees, after the one under way, that it is to stop: some are slower."""


def gone_within(status: Status, seconds: float) -> bool:
    """Return whether the process that a status speaks of has gone, waiting for that so many seconds at the most."""
    deadline = time.monotonic() + seconds
    while _is_here(status):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def while_it_stops(run: Run, has_ended: Callable[[], bool]) -> bool:
    """Return whether a run's worker that was asked to stop `has_ended`, which waits for that.

    It is asked again, up to half an hour, as long as the worker is heard of and saves a checkpoint, or takes a step,
    for which it has twice the time of its steps.
    """
    began = saved = time.monotonic()
    while not has_ended():
        now, patience = time.monotonic(), _patience(run)
        saved = now if patience == math.inf else saved
        if now - began >= _MOST_SECONDS or now - saved >= patience:
            return False
    return True


def rests_within(folder: Path, seconds: float) -> bool:
    """Return whether a run or study is active no more, waiting for that so many seconds at the most."""
    deadline, pause = time.monotonic() + seconds, _POLL_SECONDS
    while read_status(folder).state in ACTIVE:
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(1.2 * pause, _LONGEST_POLL_SECONDS)
    return True


def signal_group(status: Status, number: signal.Signals) -> bool:
    """Send a signal to the process that a status speaks of, with all that it started, and return whether it is here."""
    if status.pid is None or not _is_here(status):
        return False
    try:
        os.killpg(status.pid, number)
    except ProcessLookupError:  # it has ended meanwhile
        return False
    return True


def _patience(run: Run) -> float:
    """Return how many seconds a worker has since it last saved a checkpoint; infinitely many while it does.

    0 where nothing is heard of it, where it does not train, and in the first step of all: with that nothing is lost.
    """
    try:
        status, batch_size = run.status(), run.config.batch_size
    except RunError:
        return 0.0
    if seconds_since_written(run.folder / STATUS_FILE) >= ELSEWHERE_SECONDS:
        return 0.0
    if status.phase == SAVING:
        return math.inf
    if status.phase not in (TRAINING, VALIDATING) or status.images_per_second is None:
        return 0.0
    return _STEPS * batch_size / status.images_per_second


def _is_here(status: Status) -> bool:
    """Return whether the worker lives on this machine: elsewhere its pid is another process's."""
    return status.host in ("", host()) and is_alive(status.pid, status.process_started)
