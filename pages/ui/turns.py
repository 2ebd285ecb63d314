"""Turns of the pages: few run at once, for Python carries out one at a time, and switching between them costs more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore, local
from typing import Final

_AT_ONCE: Final = 3
_MOST_SECONDS: Final = 3.0
_TURNS: Final = Semaphore(_AT_ONCE)
_OF_THREAD: Final = local()


@contextmanager
def turn() -> Iterator[None]:
    """Wait until fewer pages than three run, but for three seconds at most: some of them may be at longer work."""
    _OF_THREAD.has_turn = _TURNS.acquire(timeout=_MOST_SECONDS)
    try:
        yield
    finally:
        leave_turn()


def leave_turn() -> None:
    """Let another page run: this one only waits from here on. Does nothing in a thread without a turn."""
    if getattr(_OF_THREAD, "has_turn", False):
        _OF_THREAD.has_turn = False
        _TURNS.release()
