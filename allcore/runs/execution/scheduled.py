"""Runs as jobs of a scheduler: what is the same whichever it is. The workspace is a folder that its machines share."""

from __future__ import annotations

import math
import os
import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from allcore.config import TrainConfig
from allcore.errors import ConfigError, InputError, RunError, SchedulerError
from allcore.runs.execution.asked_lately import ASK_SECONDS, jobs_folder, leave_to_others, turn_to_ask
from allcore.runs.execution.cluster_settings import read_cluster
from allcore.runs.execution.devices import Device
from allcore.runs.execution.end_process import rests_within, while_it_stops
from allcore.runs.execution.executor import Executor
from allcore.runs.folder.disk_clock import seconds_since_written
from allcore.runs.folder.files import STATUS_FILE, STOP_FILE, is_there
from allcore.runs.folder.launches import Launch, last_launch, launch_file, record_launch
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import ELSEWHERE_SECONDS, read_status, write_status
from allcore.runs.folder.store import Run, state_of
from allcore.writing import make_folder

FORGOTTEN_SECONDS: Final = 90.0
"""How old the heartbeat of a worker, or a launch, may be whose job the scheduler does not know.

A file server shows them late, and a scheduler that did not answer may take a job a while after it was asked to.
"""
_MARKED_SECONDS: Final = 120.0
"""How old a run's mark must be before the run is taken to be elsewhere: a file server shows a launch late as well."""


class Word(NamedTuple):
    """What a scheduler says of a job: what that means for its run, and why in words.

    A job that it gave up for nothing but having waited too long is `untried`. What nothing follows from is `unclear`.
    """

    state: Literal["waiting", "running", "over", "untried", "unclear"]
    text: str


_OVER: Final = Word("over", "")


@dataclass(frozen=True)
class ScheduledExecutor(Executor):
    """Hands each launch of a run to a scheduler as one job, and records its word where `read_status` finds it."""

    @abstractmethod
    def can_ask(self) -> bool:
        """Return whether this machine can ask the scheduler at all; it may still not answer."""

    @abstractmethod
    def submit_job(self, run: Run, launch: Launch) -> str:
        """Hand a launch to the scheduler and return the job's name there.

        Raises `SchedulerError` when it is surely refused.

        Where the answer is lost the job may be there: the name that it then has is returned, and `words` tells.
        """

    @abstractmethod
    def words(self, jobs: Sequence[str]) -> dict[str, Word] | None:
        """Return what the scheduler says of each job that it knows; None when it does not answer."""

    @abstractmethod
    def cancel(self, job: str, *, only_waiting: bool = False) -> None:
        """Have a job ended: its worker gets SIGTERM and, should it not end, SIGKILL."""

    def at(self) -> str:
        """Return which scheduler is asked from here, after `USER@` where it may hide other users' jobs.

        Empty where that is not known.
        """
        return ""

    def devices(self) -> tuple[Device, ...]:
        """Return no device: the scheduler gives them, and each run says which it was given."""
        return ()

    def at_once(self, config: TrainConfig) -> int:
        """Return how many members of a study may be with the scheduler at a time.

        Raises `SchedulerError` where the settings of the workspace cannot be read, half saved say.
        """
        try:
            return read_cluster(self.workspace.root).at_once
        except ConfigError as error:
            raise SchedulerError(str(error)) from None

    def look(self) -> None:
        """Ask about all jobs of this workspace at once, at most every few seconds, and record what is said.

        A machine that cannot ask records nothing, and leaves the asking to those that can. So it is with the jobs of
        another scheduler than the one that it asks.
        """
        if not self.can_ask():
            return
        with turn_to_ask(self._jobs) as may_ask:
            is_done = not may_ask or self._ask_and_record()
        if not is_done:
            leave_to_others(self._jobs)

    def _ask_and_record(self) -> bool:
        """Record what is said of the jobs of the scheduler that is asked from here; False where there is none."""
        launched = list(self._launched())
        here = self.at() if any(launch.at for _, launch in launched) else ""
        launched = [(run, launch) for run, launch in launched if _is_same(launch.at, here)]
        words = self.words([launch.job for _, launch in launched]) if launched else {}
        for run, launch in launched:
            with suppress(OSError):  # a full disk; it is said again
                said = self._said(run, launch, words)
                if words and words.get(launch.job, _OVER).state == "untried":
                    said = self._submit_again(run, launch, said)
                self._record(run, launch, said)
        return bool(launched)

    def after_request(self, run: Run) -> None:
        """Cancel a job that waits, since no worker reads the request; one that runs is let go on to its next batch.

        A scheduler may end a job only once it has a place for it: its worker then finds the request, or a later launch.
        So does the worker of a job that this machine cannot have cancelled, or whose scheduler does not answer.
        """
        launch = last_launch(run.folder)
        if launch is None or not launch.job:
            return
        words: dict[str, Word] | None = None
        if self._can_ask_about(launch):
            self.cancel(launch.job, only_waiting=True)
            words = self.words([launch.job])
        status = read_status(run.folder)
        if status.pid is None and (words or {}).get(launch.job, _OVER).state != "running":
            write_status(run.folder, status.model_copy(update={"state": "cancelled", "phase": ""}))

    def end(self, run: Run, patience: float) -> None:
        """Wait, then cancel the job and wait again.

        Where this machine cannot ask, a run that nothing was heard of for long is then given up.
        """
        launch = last_launch(run.folder)
        rests = while_it_stops(run, lambda: rests_within(run.folder, patience))
        if not rests and launch is not None:
            can_ask = self._can_ask_about(launch)
            if can_ask:
                self.cancel(launch.job)
            deadline = time.monotonic() + 2 * patience
            while not rests_within(run.folder, ASK_SECONDS) and time.monotonic() < deadline:
                self.look()
            if not can_ask:
                self._record(run, launch, self._said(run, launch, None))

    def _can_ask_about(self, launch: Launch) -> bool:
        """Return whether the scheduler that has a launch's job can be asked from here."""
        return self.can_ask() and (not launch.at or _is_same(launch.at, self.at()))

    def _said(self, run: Run, launch: Launch, words: dict[str, Word] | None) -> Launch:
        """Return a launch with what is now to be said of it.

        A scheduler that was set up anew does not know the job. The run then is over only once its worker is silent, and
        only by the word of a user from whom the job is not hidden.
        A scheduler may not answer, or its answer may be unclear. What it said last then stands while the worker is
        heard; once the worker is silent, the run can be resumed.
        """
        name = self.name.capitalize()
        word = None if words is None else words.get(launch.job)
        if word is not None and word.state != "unclear":
            state = "over" if word.state == "untried" else word.state
            return launch.model_copy(update={"state": state, "word": f"{name} job {launch.job}: {word.text}"})
        silence = _silence(run)
        if words is not None and word is None and launch.at and launch.at != self.at():
            word = Word("unclear", f"{name} does not know it, or does not show it to this user")
        heard = min(silence, seconds_since_written(launch_file(run.folder, launch.number)))
        if words is not None and word is None and heard > FORGOTTEN_SECONDS:
            text = f"{name} job {launch.job}: {name} does not know it any more: resume the run"
            return launch.model_copy(update={"state": "over", "word": text, "is_forgotten": True})
        if (words is None or word is not None) and ELSEWHERE_SECONDS < silence < math.inf:
            text = f"{name} does not answer" if word is None else f"{name} job {launch.job}: {word.text}"
            return launch.model_copy(update={"state": "", "word": text})
        return launch

    def _record(self, run: Run, launch: Launch, said: Launch) -> None:
        """Record what is said of a launch, unless another process has recorded something of it, or launched it again.

        Should two record at one moment, the older word may stay: then so does the mark, and it is asked again.
        """
        is_new, is_over = said != launch, said.state == "over"
        if not (is_new or is_over) or last_launch(run.folder) != launch:
            return
        if is_new:
            record_launch(run.folder, said)
        if is_over:
            self._forget(run, said)
        else:
            (self._jobs / run.id).touch()

    def _forget(self, run: Run, over: Launch) -> None:
        """Take away the mark of a run whose last launch is over, unless that is so no more."""
        mark = self._jobs / run.id
        mark.unlink(missing_ok=True)
        if last_launch(run.folder) != over:
            mark.touch()

    def _submit_again(self, run: Run, launch: Launch, said: Launch) -> Launch:
        """Launch a run again that has waited as long as the scheduler lets a job wait, unless it was stopped.

        Return what is then to be said of its former launch: `said`, or that it waits where this cannot be done now.
        Whoever looks meanwhile sees it queued.
        """
        from allcore.runs.execution.preflight import require_training

        if state_of(run) != "queued" or is_there(run.folder / STOP_FILE):
            return said
        try:
            require_training()
            self.check(run.config)
        except InputError as error:
            text = f"{said.word}; it cannot be submitted again now: {error}"
            return launch.model_copy(update={"state": "waiting", "word": text})
        os.utime(run.folder / STATUS_FILE)  # by whose time its next launch is taken to be under way
        with suppress(RunError):  # another process does, or the scheduler refuses, and that stands on the run
            self._launch_again(run, run.status(), launch)
        return said

    @property
    def _jobs(self) -> Path:
        """Folder of one empty file for each run that has a job."""
        return jobs_folder(self.store.root, self.name)

    def _launched(self) -> Iterator[tuple[Run, Launch]]:
        """Yield the runs that have a job, with their launch; what was deleted or launched elsewhere is forgotten.

        Not what cannot be read at the moment, nor what was marked a moment ago.
        """
        for mark in sorted(self._jobs.glob("*")):
            run = Run(self.store.root / mark.name)
            launch = last_launch(run.folder)
            if launch is not None and launch.was_read and launch.executor == self.name:
                if launch.job:
                    yield run, launch
            elif _is_elsewhere(run, launch) and seconds_since_written(mark) > _MARKED_SECONDS:
                mark.unlink(missing_ok=True)

    def _launch(self, run: Run, launch: Launch) -> None:
        at = self.at()
        make_folder(self._jobs)
        (self._jobs / run.id).touch()
        try:
            job = self.submit_job(run, launch)
        except (SchedulerError, ConfigError) as error:  # settings that cannot be read now
            refused = launch.model_copy(update={"state": "over", "word": str(error)})
            record_launch(run.folder, refused)
            self._forget(run, refused)
            raise SchedulerError(str(error)) from None
        try:
            record_launch(run.folder, launch.model_copy(update={"job": job, "at": at, "state": "waiting"}))
        except OSError:
            self.cancel(job)  # nobody could find it any more
            raise


def _is_same(there: str, here: str) -> bool:
    """Return whether two schedulers may be the same, whoever asked them."""
    return "" in (there, here) or there.rpartition("@")[2] == here.rpartition("@")[2]


def _is_elsewhere(run: Run, launch: Launch | None) -> bool:
    """Return whether a run is gone, or surely another executor's, by its last launch as it was read."""
    return launch.was_read if launch is not None else not is_there(run.folder, unknown=True)


def _silence(run: Run) -> float:
    """Return for how many seconds nothing was heard of a run's worker; infinitely many where none is at it."""
    with suppress(RunError):
        status = run.status()
        if status.state in ACTIVE and status.pid is not None:
            return seconds_since_written(run.folder / STATUS_FILE)
    return math.inf
