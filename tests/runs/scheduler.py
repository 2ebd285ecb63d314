"""A scheduler that says what a test wants, and what becomes of runs that it has; tests/cluster has real ones."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from allcore.config import TrainConfig
from allcore.errors import SchedulerError
from allcore.runs.execution.scheduled import ScheduledExecutor, Word
from allcore.runs.folder.launches import Launch
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import Run


@dataclass(frozen=True)
class Scheduler(ScheduledExecutor):
    """Knows of each job what a test put there; None instead: it does not answer."""

    said: dict[str, Word] | None = field(default_factory=dict)
    refuses: bool = False
    where: str = ""
    name: ClassVar[str] = "slurm"

    def check(self, config: TrainConfig) -> None:
        """Take any configuration."""

    def can_ask(self) -> bool:
        return True

    def at(self) -> str:
        return self.where

    def submit_job(self, run: Run, launch: Launch) -> str:
        if self.refuses:
            raise SchedulerError("no such partition")
        assert self.said is not None
        self.said["7"] = Word("waiting", "pending, Resources")
        return "7"

    def words(self, jobs: Sequence[str]) -> dict[str, Word] | None:
        return self.said and {job: self.said[job] for job in jobs if job in self.said}

    def cancel(self, job: str, *, only_waiting: bool = False) -> None:
        if self.said is None:
            return
        if not only_waiting or self.said[job].state == "waiting":
            self.said[job] = Word("over", "cancelled")


def marks(scheduler: Scheduler) -> list[str]:
    """Return the names of the runs that are known to be with the scheduler."""
    return [path.name for path in (scheduler.store.root / ".queue" / "slurm").iterdir()]


def marked_long_ago(scheduler: Scheduler) -> None:
    """Let all marks have been made long ago."""
    for name in marks(scheduler):
        written_before(scheduler.store.root / ".queue" / "slurm" / name, 1000)


def begun(run: Run, heard: float) -> None:
    """Let the run's worker have been heard of so many seconds ago."""
    write_status(run.folder, run.status().model_copy(update={"state": "running", "pid": 1, "process_started": "x"}))
    written_before(run.folder / "status.json", heard)


def launched_before(run: Run, seconds: float) -> None:
    """Let the last that is known of the run's first launch have been recorded so many seconds ago."""
    written_before(run.folder / "launches" / "1.json", seconds)


def written_before(file: Path, seconds: float) -> None:
    """Let a file have been written so many seconds ago."""
    moment = time.time() - seconds
    os.utime(file, (moment, moment))
