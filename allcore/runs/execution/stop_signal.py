"""How a process that carries out a run or a study hears that it is to stop."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import FrameType

from allcore.runs.folder.files import STOP_FILE, is_there
from allcore.runs.folder.turns import Turn

WARNING_SECONDS = "ALLCORE_WARNING_SECONDS"
"""The variable of a job that says how long before its time limit it asked to be warned."""
_SOONER_SECONDS = 60.0
"""How much sooner than asked Slurm may warn."""
_SLOW_SECONDS = 0.02
_PAUSES = 50


class StopSignal:
    """Whether a run or study was asked to stop: by its request file, by SIGTERM, or by deleting its folder.

    SIGTERM and SIGUSR1 from a scheduler are no such request: it takes the machine back, and the run goes on later.
    Where the worker's `turn` is over, asking ends the process at once, so that it saves nothing more.
    It may be asked at every batch. Where the disk answers slowly, looking takes a fiftieth of the time at most.
    """

    def __init__(self, folder: Path, *, scheduled: bool = False, turn: Turn | None = None) -> None:
        self._folder = folder
        self._scheduled = scheduled
        self._turn = turn
        self._terminated = self._asked = self._warned = False
        self._next_look = 0.0
        for number in (signal.SIGTERM, *([signal.SIGUSR1] if scheduled else [])):
            signal.signal(number, self._on_signal)

    def __call__(self) -> bool:
        """Return whether to stop."""
        began = time.monotonic()
        if self._terminated or began >= self._next_look:
            if self._turn is not None:
                self._turn.end_if_over()
            self._asked = self._is_asked()
            took = (now := time.monotonic()) - began
            self._next_look = now + _PAUSES * took if took > _SLOW_SECONDS else now
        return self._terminated or self._asked

    def goes_on_later(self) -> bool:
        """Return whether a scheduler takes the machine back, and nobody asked the run to stop."""
        return self._scheduled and self._terminated and not self._is_asked()

    def is_near_limit(self) -> bool:
        """Return whether a scheduler said that the job's time limit is near, and it was."""
        return self._warned

    def _is_asked(self) -> bool:
        return is_there(self._folder / STOP_FILE) or not is_there(self._folder, unknown=True)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True
        self._warned |= number == signal.SIGUSR1 and _end_may_be_near()


def _end_may_be_near() -> bool:
    """Return False where the job has long to go: with `send_user_signal` Slurm sends the same signal at preemption."""
    try:
        left = float(os.environ["SLURM_JOB_END_TIME"]) - time.time()
        return left <= float(os.environ[WARNING_SECONDS]) + _SOONER_SECONDS
    except (KeyError, ValueError):  # Slurm before 23.02, or a job that asks for its warning in its own way
        return True
