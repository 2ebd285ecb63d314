"""One process carries a study out at a time: the one that was asked to last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

from filelock import Timeout

from allcore.errors import RunError
from allcore.runs.folder.launches import last_launch
from allcore.runs.folder.worker_lock import worker_lock

_LOOKED_AT_SECONDS: Final = 5.0
"""How long the lock is waited for: whoever looks whether somebody has it holds it for a moment."""


class StartedAgainError(RunError):
    """Another process was asked to carry the study out since."""


@contextmanager
def as_only_process(folder: Path, launch: int | None) -> Iterator[None]:
    """Hold the study's lock. Raises `Timeout` where a process that nobody launched finds another one."""
    lock = worker_lock(folder)
    with nullcontext() if launch is None else suppress(Timeout):
        lock.acquire(timeout=_LOOKED_AT_SECONDS)
    try:
        yield
    finally:
        lock.release()


def must_count(folder: Path, number: int | None) -> None:
    """Raise `StartedAgainError` where the study was launched again after the launch of that number."""
    last = last_launch(folder)
    if number is not None and last is not None and last.number != number:
        raise StartedAgainError(f"study {folder.name} was started again since, on this machine or on another one")
