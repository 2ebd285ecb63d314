"""Carrying out a study: one process that has its members trained, as many at a time as the executor takes.

It holds the lock on the study's folder as long as it lives; the app and the command line start it and look on. Each
member goes through the devices' queue like any run, so other runs have their turn between two members.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import Timeout

from allcore.errors import RunError
from allcore.refusals import what_went_wrong
from allcore.runs.execution.ask_schedulers import ask_schedulers
from allcore.runs.execution.executor import Executor
from allcore.runs.execution.mirroring import start_mirroring
from allcore.runs.execution.stop_many import stop_all_in_background
from allcore.runs.execution.stop_signal import StopSignal
from allcore.runs.folder.files import STOP_FILE
from allcore.runs.folder.process import host, own_identity
from allcore.runs.folder.states import ACTIVE, in_words
from allcore.runs.folder.status import Status, read_status, write_status
from allcore.runs.folder.store import Run, state_of
from allcore.studies.disk_use import keep_small
from allcore.studies.member_launches import Following, MemberLaunches
from allcore.studies.only_process import StartedAgainError, as_only_process, must_count
from allcore.studies.store import Study
from allcore.text import counted
from allcore.writing import remove_unfinished

_POLL_SECONDS = 0.5
_LOOKED_AT_IN_A_POLL = 50
_HEARTBEAT_SECONDS = 60.0
_NAMED = 3


def run_study(folder: Path, executor: Executor, launch: int | None = None) -> int:
    """Carry out the study in `folder`: what is missing or did not succeed is trained, each member tried once.

    What a scheduler refuses waits, and is launched once it takes it.
    As the launch of that number was asked to: once it is not the last one, another process carries the study out.
    Without a number nothing is done where another process does; one that was asked to waits for it to let go, and then
    goes on: a file server may keep the lock of a machine that is lost.
    Returns the process's exit status: 0 done or stopped, 1 some members did not succeed, 2 refused.
    """
    try:
        with as_only_process(folder, launch):
            remove_unfinished(folder)
            must_count(folder, launch)
            return _Runner(Study(folder), executor, StopSignal(folder), read_status(folder), launch).carry_out()
    except Timeout:
        print(f"study {folder.name} is being carried out already", file=sys.stderr)
        return 2
    except RunError as error:
        print(error, file=sys.stderr)
        return 2


@dataclass
class _Runner:
    study: Study
    executor: Executor
    stop: StopSignal
    status: Status
    launch: int | None
    known: dict[str, Run] = field(default_factory=dict)
    """The runs as they were found: a configuration that was read need not be read again."""
    heard: float = 0.0
    launches: MemberLaunches = field(init=False)

    def __post_init__(self) -> None:
        self.launches = MemberLaunches(self.executor, self.stop, self._beat)

    def carry_out(self) -> int:
        pid, started = own_identity()
        self._write(state="running", pid=pid, process_started=started, host=host(), error="", warnings=())
        try:
            state, error = self._train_all()
        except StartedAgainError:  # its status is another's now
            raise
        except Exception as fault:
            traceback.print_exc()
            said = what_went_wrong(fault) if isinstance(fault, OSError) else f"{type(fault).__name__}: {fault}"
            state, error = "failed", said
        self._write(state=state, error=error, phase="")
        (self.study.folder / STOP_FILE).unlink(missing_ok=True)
        start_mirroring(self.study.folder)
        return 1 if state == "failed" else 0

    def _train_all(self) -> tuple[str, str]:
        while not self.stop():
            going, following = self._members()
            if self.launches.launch_as_many_as_go(len(going), following):
                continue
            if going or (following and not self.launches.is_hopeless(following)):
                self._wait(going, asks_again=bool(following))
            elif following:
                self.launches.give_up(following)
            else:
                problems = self.launches.problems
                return ("failed", _in_words(problems)) if problems else ("succeeded", "")
        self._stop_members()
        return "cancelled", ""

    def _members(self) -> tuple[list[Run], Following]:
        """Return the members that go on, and the places whose member is missing or is to be tried again, in order.

        A run that is a link is another workspace's, and is not tried again there.
        """
        must_count(self.study.folder, self.launch)
        plan = self.study.plan()  # it may have been extended meanwhile
        members = self.study.members(self._runs())
        launches = self.launches
        launches.members = tuple(reversed(members.values()))
        told, launches.problems = launches.problems, {}
        going: dict[str, Run] = {}
        following: Following = []
        for number, place in enumerate(plan.places, start=1):
            run = members.get(place.name)
            state = "missing" if run is None else _state(run)
            if run is not None and state == "succeeded":
                keep_small(run, keep_model=plan.keep_models)
            elif run is not None and state in ACTIVE:
                going[f"{number} of {len(plan.places)}: {place.name}"] = run
            elif launches.is_to_be_tried(place, run, state):
                following.append((place, None if run is not None and run.folder.is_symlink() else run))
            else:
                rests = "its run was deleted" if run is None else f"run {run.id} is {in_words(state)}"
                launches.problems[place.name] = told.get(place.name, rests)
        more = f" and {len(going) - 1} more" if len(going) > 1 else ""
        refusal = launches.room.refusal if following else ""
        waits = f"{'; ' if going else ''}the others wait: {refusal}" if refusal else ""
        if (phase := "".join([*list(going)[:1], more, waits])) != self.status.phase:
            self._write(phase=phase)
        return list(going.values()), following

    def _runs(self) -> Iterable[Run]:
        self.known = {run.id: self.known.get(run.id, run) for run in self.executor.store.runs()}
        return self.known.values()

    def _wait(self, going: list[Run], *, asks_again: bool) -> None:
        """Wait until one of the members that go on has come to rest, or the study is asked to stop.

        Where more are to follow, also until a scheduler that took no more can be asked again.
        A look at many of them takes its time, of this machine and of a folder that others share: it comes more seldom.
        """
        while all(_state(run) in ACTIVE for run in going):
            for _ in range(1 + len(going) // _LOOKED_AT_IN_A_POLL):
                self._beat()
                time.sleep(_POLL_SECONDS)
                if self.stop():
                    return
            self.launches.leave_the_list_ready()
            ask_schedulers(self.executor.workspace)  # a member may be with another one than the runs to come
            if asks_again and self.launches.room.may_ask_again():
                return

    def _stop_members(self) -> None:
        """Stop the members that go on, all at the same time, and wait until they have ended."""
        must_count(self.study.folder, self.launch)
        going = self.study.active_members(self._runs())  # its plan may be gone, with its folder
        for thread in stop_all_in_background(going, self.executor.workspace, self._beat):
            while thread.is_alive():
                thread.join(_HEARTBEAT_SECONDS)
                self._beat()

    def _beat(self) -> None:
        """Be heard of now and then: other machines know by the age of the status alone that this process lives."""
        if time.monotonic() - self.heard >= _HEARTBEAT_SECONDS:
            self._write()

    def _write(self, **changes: object) -> None:
        must_count(self.study.folder, self.launch)  # or it would be written over another's
        self.heard = time.monotonic()
        self.status = self.status.model_copy(update={"heartbeat": time.time(), **changes})
        with suppress(OSError):  # a full disk must not end what trains
            write_status(self.study.folder, self.status)


def _state(run: Run) -> str:
    return state_of(run) or ("damaged" if run.folder.is_dir() else "deleted")


def _in_words(problems: dict[str, str]) -> str:
    """Return which members did not succeed, and why: the first few by name."""
    told = [f"{place}: {reason}" for place, reason in list(problems.items())[:_NAMED]]
    more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
    members = counted(len(problems), "member")
    return f"{members} did not succeed ({'; '.join(told)}{more}); resume the study to try again"
