"""Waiting for room on a full disk, where ending would lose what was trained."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable

from allcore.progress import Phase
from allcore.writing import NO_ROOM

MOST_SECONDS = 3600.0
_PAUSE_SECONDS = 30


def write_when_there_is_room(write: Callable[[], None], on_phase: Phase, warn: Callable[[str], None]) -> None:
    """Call `write` again and again, for an hour at the most, as long as it fails because the disk is full.

    `on_phase` hears every second that the run waits, and may raise to end that; `warn` gets one line.
    """
    deadline = time.monotonic() + MOST_SECONDS
    while True:
        try:
            write()
        except Exception as error:
            if not _is_full(error) or time.monotonic() > deadline:
                raise
            warn("the disk was full when the results were to be written; the run waited for room")
        else:
            return
        for _ in range(_PAUSE_SECONDS):
            on_phase("waiting for room on the disk, where the results do not fit")
            time.sleep(1.0)


def _is_full(error: Exception) -> bool:
    """Return whether a disk refused for want of room; some libraries say so in words alone."""
    return getattr(error, "errno", None) in NO_ROOM or os.strerror(errno.ENOSPC) in str(error)
