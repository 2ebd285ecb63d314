"""The lock that a worker holds on its run's folder as long as it lives; the operating system lets go of it."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from allcore.errors import RunError
from allcore.runs.folder.disk_clock import seconds_since_written
from allcore.runs.folder.files import STATUS_FILE, WORKER_LOCK, is_there, read_record
from allcore.runs.folder.process import is_elsewhere
from allcore.runs.folder.status import ELSEWHERE_SECONDS


def lock_in(folder: Path, name: str) -> FileLock:
    """Return a lock on a file of a run's or a study's folder, not held; acquiring it raises `Timeout` at once while
    another process holds it.

    Raises `RunError` where the folder was deleted: acquiring the lock would make it again.
    """
    if not is_there(folder, unknown=True):
        raise RunError(f"{folder.name} was deleted")
    return FileLock(folder / name, timeout=0)


def worker_lock(folder: Path) -> FileLock:
    """Return the worker's lock, as `lock_in` does."""
    return lock_in(folder, WORKER_LOCK)


def has_worker(folder: Path) -> bool:
    """Return whether a worker of this run lives, whatever its status says.

    A file server may keep the lock of a machine that is lost: it says nothing where the worker is another machine's
    that was not heard of for long.
    """
    if not (folder / WORKER_LOCK).exists():  # asking must leave nothing in the folder
        return False
    try:
        with worker_lock(folder):
            return False
    except Timeout:
        return not _is_lost(folder)
    except (OSError, RunError):  # no folder, or none that may be written to
        return False


def _is_lost(folder: Path) -> bool:
    """Return whether the last status is that of a worker of another machine, and old; not where it cannot be read."""
    try:
        status = read_record(folder, STATUS_FILE) or {}
    except RunError:
        return False
    machine, started = status.get("host"), status.get("process_started")
    elsewhere = isinstance(machine, str) and is_elsewhere(machine, started if isinstance(started, str) else None)
    return elsewhere and seconds_since_written(folder / STATUS_FILE) > ELSEWHERE_SECONDS
