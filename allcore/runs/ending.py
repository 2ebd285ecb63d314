"""Ending the process that carries out a run or a study."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from allcore.errors import RunError
from allcore.runs.disk_clock import seconds_since_written
from allcore.runs.files import STATUS_FILE
from allcore.runs.process import host, is_alive
from allcore.runs.states import ACTIVE
from allcore.runs.status import ELSEWHERE_SECONDS, SAVING, Status, read_status

_POLL_SECONDS = 0.1
_MOST_SAVING_SECONDS = 1800.0


def gone_within(status: Status, seconds: float) -> bool:
    """Return whether the process that a status speaks of has gone, waiting for that so many seconds at the most."""
    deadline = time.monotonic() + seconds
    while _is_here(status):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def while_it_saves(folder: Path, has_ended: Callable[[], bool]) -> bool:
    """Return whether a run's worker `has_ended`, which waits for that.

    It is asked again, up to half an hour, as long as the worker says that it saves a checkpoint and is heard of.
    """
    most = time.monotonic() + _MOST_SAVING_SECONDS
    while not has_ended():
        if not _saves(folder) or time.monotonic() > most:
            return False
    return True


def rests_within(folder: Path, seconds: float) -> bool:
    """Return whether a run or study is active no more, waiting for that so many seconds at the most."""
    deadline = time.monotonic() + seconds
    while read_status(folder).state in ACTIVE:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def signal_group(status: Status, number: signal.Signals) -> bool:
    """Send a signal to the process that a status speaks of, with all that it started, and return whether it is here."""
    if status.pid is None or not _is_here(status):
        return False
    os.killpg(status.pid, number)
    return True


def _saves(folder: Path) -> bool:
    try:
        phase = read_status(folder).phase
    except RunError:
        return False
    return phase == SAVING and seconds_since_written(folder / STATUS_FILE) < ELSEWHERE_SECONDS


def _is_here(status: Status) -> bool:
    """Return whether the worker lives on this machine: elsewhere its pid is another process's."""
    return status.host in ("", host()) and is_alive(status.pid, status.process_started)
