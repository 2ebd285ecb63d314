"""Waiting for room on a full disk, where ending would lose what was trained."""

from __future__ import annotations

import time
from collections.abc import Callable

from allcore.progress import Phase
from allcore.refusals import refusal

MOST_SECONDS = 3600.0
_PAUSE_SECONDS = 30


def write_when_there_is_room(write: Callable[[], None], on_phase: Phase, warn: Callable[[str], None]) -> None:
    """Call `write` again and again while it fails for want of room, for an hour after it first did at the most.

    `on_phase` hears every second that the run waits, and may raise to end that; `warn` gets one line.
    """
    deadline: float | None = None
    while True:
        try:
            write()
        except Exception as error:
            refused, now = refusal(error), time.monotonic()
            deadline = now + MOST_SECONDS if deadline is None else deadline  # writing itself may take hours
            if refused is None or not refused.of_room or now > deadline:
                raise
            warn(f"the results waited for room: {refused.why}")
        else:
            return
        for _ in range(_PAUSE_SECONDS):
            on_phase("waiting for room on the disk, where the results do not fit")
            time.sleep(1.0)
