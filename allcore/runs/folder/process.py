"""Telling whether a recorded process is still there, whatever the clock was set to meanwhile.

A process is known by its pid and by when it started. On Linux that is the boot and the clock ticks since it: psutil's
start time there follows the system clock. Elsewhere the system keeps the start time as it was written at the start.
Containers may have one host name between them, and pids of their own: a mark says whose pids are meant.
"""

from __future__ import annotations

import os
import re
import socket
import time
from functools import cache
from pathlib import Path

import psutil

from allcore.runs.folder.disk_clock import seconds_since_written

_PROC = Path("/proc")
_FORMER_SECONDS = 2.0
_MARK = re.compile(r"(boot \S+)( pids \d+)?( tick \d+)")


def host() -> str:
    """Return the name of this machine: a pid means something on it alone."""
    return socket.gethostname()


def start_mark(pid: int) -> str | None:
    """Return what tells a process from all that have its pid before or after it; None when it is gone or a zombie."""
    try:
        if boot := _boot():
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
        return mark is not None and started in (mark, _MARK.sub(r"\1\3", mark))  # marks had no pids before
    try:
        return abs(psutil.Process(pid).create_time() - started) < _FORMER_SECONDS
    except psutil.Error:
        return False


def is_elsewhere(machine: str, started: str | float | None, written: Path | None = None) -> bool:
    """Return whether a process is of another machine, or of another container of this one: no pid tells of it here.

    Two machines may have one host name, as containers of them have. What has another mark of the boot is then either
    of another one, or was here before this one was started and has ended: it is the former if the file that it has
    `written` is younger than this start, or, without a file, if it is known to live.
    """
    if machine not in ("", host()):
        return True
    found = _MARK.fullmatch(started) if isinstance(started, str) else None
    if found is None:
        return False
    if found[1] != _boot():
        return written is None or not _boot() or seconds_since_written(written) < _uptime()
    return (found[2] or _pids()) != _pids()


def _linux_mark(pid: int, boot: str) -> str | None:
    # The name, in brackets, may hold anything; the fields from the third on follow the last bracket.
    fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    if fields[0] in (b"Z", b"X"):
        return None
    return f"{boot}{_pids()} tick {int(fields[19])}"


@cache
def _boot() -> str:
    """Return which start of this Linux machine this is; '' on another system."""
    file = _PROC / "sys/kernel/random/boot_id"
    return f"boot {file.read_text().strip()}" if file.exists() else ""


def _uptime() -> float:
    """Return for how many seconds this Linux machine has been up, those when it was asleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@cache
def _pids() -> str:
    """Return which pids this process sees, its container's say; '' where the system does not tell."""
    try:
        return f" pids {(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""
