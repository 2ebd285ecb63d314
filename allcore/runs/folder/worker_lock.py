"""The lock that a worker holds on its run's folder as long as it lives; the operating system lets go of it."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from allcore.errors import RunError
from allcore.runs.folder.disk_clock import seconds_since_written
from allcore.runs.folder.files import STATUS_FILE, read_record
from allcore.runs.folder.process import host
from allcore.runs.folder.status import ELSEWHERE_SECONDS


def worker_lock(folder: Path) -> FileLock:
    """Return the lock, not held; acquiring it raises `Timeout` at once while another process holds it."""
    return FileLock(folder / ".worker.lock", timeout=0)


def has_worker(folder: Path) -> bool:
    """Return whether a worker of this run lives, whatever its status says.

    A file server may keep the lock of a machine that is lost: it says nothing where the worker is another machine's
    that was not heard of for long.
    """
    lock = worker_lock(folder)
    if not Path(lock.lock_file).exists():  # asking must leave nothing in the folder
        return False
    try:
        with lock:
            return False
    except Timeout:
        return not _is_lost(folder)
    except OSError:  # no folder, or none that may be written to
        return False


def _is_lost(folder: Path) -> bool:
    """Return whether the last status is that of a worker of another machine, and old; not where it cannot be read."""
    try:
        status = read_record(folder, STATUS_FILE) or {}
    except RunError:
        return False
    elsewhere = status.get("host") not in (None, "", host())
    return elsewhere and seconds_since_written(folder / STATUS_FILE) > ELSEWHERE_SECONDS
