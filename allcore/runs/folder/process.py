"""Telling whether a recorded process is still there, whatever the clock was set to meanwhile.

A process is known by its pid and by when it started. On Linux that is the boot and the clock ticks since it: psutil's
start time there follows the system clock. Elsewhere the system keeps the start time as it was written at the start.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil

_PROC = Path("/proc")
_FORMER_SECONDS = 2.0


def host() -> str:
    """Return the name of this machine: a pid means something on it alone."""
    return socket.gethostname()


def start_mark(pid: int) -> str | None:
    """Return what tells a process from all that have its pid before or after it; None when it is gone or a zombie."""
    try:
        if (boot := _PROC / "sys/kernel/random/boot_id").exists():
            return _linux_mark(pid, boot)
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return f"{process.create_time():.6f} s"
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None


def own_identity() -> tuple[int, str]:
    """Return this process's pid and its mark."""
    pid = os.getpid()
    mark = start_mark(pid)
    assert mark is not None
    return pid, mark


def is_alive(pid: int | None, started: str | float | None) -> bool:
    """Return whether the process of this machine with this pid *and* mark still runs: a pid alone is used again.

    A number is what was recorded before marks were: the start in seconds since the epoch.
    """
    if pid is None or started is None:
        return False
    mark = start_mark(pid)
    if mark is None or isinstance(started, str):
        return mark == started
    try:
        return abs(psutil.Process(pid).create_time() - started) < _FORMER_SECONDS
    except psutil.Error:
        return False


def _linux_mark(pid: int, boot: Path) -> str | None:
    # The name, in brackets, may hold anything; the fields from the third on follow the last bracket.
    fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    if fields[0] in (b"Z", b"X"):
        return None
    return f"boot {boot.read_text().strip()} tick {int(fields[19])}"
