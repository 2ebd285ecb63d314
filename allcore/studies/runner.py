"""Carrying out a study: one process that trains its members one after another, and nobody else does.

It holds the lock on the study's folder as long as it lives; the app and the command line start it and look on. Each
member goes through the device's queue like any run, so other runs have their turn between two members.
"""

from __future__ import annotations

import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import Timeout

from allcore.errors import InputError, RunError
from allcore.runs.executor import LocalExecutor
from allcore.runs.files import STOP_FILE
from allcore.runs.process import host, own_identity
from allcore.runs.status import ACTIVE, Status, in_words, read_status, write_status
from allcore.runs.stop_signal import StopSignal
from allcore.runs.store import Run
from allcore.runs.worker_lock import worker_lock
from allcore.studies.kept import keep_small
from allcore.studies.plan import Place
from allcore.studies.store import Study
from allcore.writing import remove_unfinished

_POLL_SECONDS = 0.5
_HEARTBEAT_SECONDS = 60.0
_NAMED = 3


def run_study(folder: Path, executor: LocalExecutor) -> int:
    """Carry out the study in `folder`: what is missing or did not succeed is trained, each member tried once.

    Returns the process's exit status: 0 done or stopped, 1 some members did not succeed, 2 refused.
    """
    try:
        with worker_lock(folder):
            remove_unfinished(folder)
            return _Runner(Study(folder), executor, StopSignal(folder), read_status(folder)).carry_out()
    except Timeout:
        print(f"study {folder.name} is being carried out already", file=sys.stderr)
        return 2
    except RunError as error:
        print(error, file=sys.stderr)
        return 2


@dataclass
class _Runner:
    study: Study
    executor: LocalExecutor
    stop: StopSignal
    status: Status
    tried: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)
    heard: float = 0.0

    def carry_out(self) -> int:
        pid, started = own_identity()
        self._write(state="running", pid=pid, process_started=started, host=host(), error="", warnings=())
        try:
            state, error = self._train_all()
        except Exception as fault:
            traceback.print_exc()
            state, error = "failed", f"{type(fault).__name__}: {fault}"
        self._write(state=state, error=error, phase="")
        (self.study.folder / STOP_FILE).unlink(missing_ok=True)
        return 1 if state == "failed" else 0

    def _train_all(self) -> tuple[str, str]:
        while not self.stop():
            following = self._next()
            if following is None:
                return ("failed", _in_words(self.problems)) if self.problems else ("succeeded", "")
            place, run = following
            run = run if run is not None and _state(run) in ACTIVE else self._launch(place, run)
            if run is not None:
                self._wait(run)
        return "cancelled", ""

    def _next(self) -> tuple[Place, Run | None] | None:
        """Return the first place whose member goes on, is missing or is to be tried again; None when there is none."""
        plan = self.study.plan()  # it may have been extended meanwhile
        members = self.study.members(self.executor.store.runs())
        self.problems = {name: told for name, told in self.problems.items() if name not in members}
        following: tuple[Place, Run | None] | None = None
        for number, place in enumerate(plan.places, start=1):
            run = members.get(place.name)
            state = "missing" if run is None else _state(run)
            if run is not None and state == "succeeded":
                keep_small(run, plan.keep_models)
            elif state in ACTIVE or place.name not in self.tried:
                if following is None or state in ACTIVE:
                    following = place, run
                    self._write(phase=f"{number} of {len(plan.places)}: {place.name}")
            elif run is not None:
                self.problems[place.name] = f"run {run.id} is {in_words(state)}"
        return following

    def _launch(self, place: Place, run: Run | None) -> Run | None:
        """Start or resume the member at a place, and return it; None where that cannot be, which is remembered."""
        self.tried.add(place.name)
        try:
            if run is None:
                return self.executor.submit(place.config)
            self.executor.resume(run)
        except (InputError, OSError) as error:
            self.problems[place.name] = str(error)
            return None
        return run

    def _wait(self, run: Run) -> None:
        """Wait until a member has come to rest; one that is asked to stop is waited for as well."""
        while _state(run) in ACTIVE:
            if self.stop():
                try:
                    self.executor.stop(run)
                except RunError:  # it has ended meanwhile
                    return
            if time.monotonic() - self.heard > _HEARTBEAT_SECONDS:
                self._write()
            time.sleep(_POLL_SECONDS)

    def _write(self, **changes: object) -> None:
        self.heard = time.monotonic()
        self.status = self.status.model_copy(update={"heartbeat": time.time(), **changes})
        with suppress(OSError):  # a full disk must not end what trains
            write_status(self.study.folder, self.status)


def _state(run: Run) -> str:
    try:
        return run.status().state
    except RunError:
        return "damaged" if run.folder.is_dir() else "deleted"


def _in_words(problems: dict[str, str]) -> str:
    """Return which members did not succeed, and why: the first few by name."""
    told = [f"{place}: {reason}" for place, reason in list(problems.items())[:_NAMED]]
    more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
    return f"{len(problems)} members did not succeed ({'; '.join(told)}{more}); resume the study to try them again"
