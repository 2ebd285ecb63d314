"""The lock that a worker holds on its run's folder as long as it lives; the operating system lets go of it."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout


def worker_lock(folder: Path) -> FileLock:
    """Return the lock, not held; acquiring it raises `Timeout` at once while another process holds it."""
    return FileLock(folder / ".worker.lock", timeout=0)


def has_worker(folder: Path) -> bool:
    """Return whether a worker of this run lives, whatever its status says."""
    lock = worker_lock(folder)
    if not Path(lock.lock_file).exists():  # asking must leave nothing in the folder
        return False
    try:
        with lock:
            return False
    except Timeout:
        return True
    except OSError:  # no folder, or none that may be written to
        return False
