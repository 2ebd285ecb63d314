"""Telling whether a recorded process is still there."""

from __future__ import annotations

import os

import psutil

_SAME_START_SECONDS = 2.0


def start_time(pid: int) -> float | None:
    """Return when the process started, in seconds since the epoch, or None when it is gone or only a zombie."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.create_time()
    except psutil.Error:
        return None


def own_identity() -> tuple[int, float]:
    """Return this process's pid and start time."""
    pid = os.getpid()
    return pid, psutil.Process(pid).create_time()


def is_alive(pid: int | None, started: float | None) -> bool:
    """Return whether the process with this pid *and* start time still runs: a pid alone is used again."""
    if pid is None or started is None:
        return False
    now = start_time(pid)
    return now is not None and abs(now - started) < _SAME_START_SECONDS
