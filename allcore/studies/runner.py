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
from functools import partial
from pathlib import Path

from filelock import Timeout

from allcore.errors import ConfigError, InputError, RunError, SchedulerError
from allcore.refusals import what_went_wrong
from allcore.runs.execution.ask_schedulers import ask_schedulers
from allcore.runs.execution.choose_executor import executor_of, resume
from allcore.runs.execution.executor import Executor
from allcore.runs.execution.launch_many import launch_all
from allcore.runs.execution.mirroring import start_mirroring
from allcore.runs.execution.stop_signal import StopSignal
from allcore.runs.folder.files import STOP_FILE
from allcore.runs.folder.launches import last_launch
from allcore.runs.folder.process import host, own_identity
from allcore.runs.folder.states import ACTIVE, in_words
from allcore.runs.folder.status import Status, read_status, write_status
from allcore.runs.folder.store import Run, state_of
from allcore.runs.listing import list_runs
from allcore.studies.disk_use import keep_small
from allcore.studies.only_process import StartedAgainError, as_only_process, must_count
from allcore.studies.plan import Place
from allcore.studies.room import Room
from allcore.studies.same_images import must_be_those_of
from allcore.studies.store import Study
from allcore.text import counted
from allcore.writing import remove_unfinished

_POLL_SECONDS = 0.5
_LOOKED_AT_IN_A_POLL = 50
_HEARTBEAT_SECONDS = 60.0
_MOST_LOST_LAUNCHES = 3
_MANY = 50
"""From how many launches on the list of runs is left ready for whoever looks first."""
_SETTLED_SECONDS = 3.0
"""How long after a launch its files are taken to be those that the list may rely on."""
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
    tried: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)
    known: dict[str, Run] = field(default_factory=dict)
    """The runs as they were found: a configuration that was read need not be read again."""
    members: tuple[Run, ...] = ()
    """Those that are there, the oldest first."""
    heard: float = 0.0
    room: Room = field(default_factory=Room)
    refused: dict[str, str] = field(default_factory=dict)
    """What a scheduler said of each place whose member it has not taken when it was last asked."""
    unlisted: int = 0
    """How many were launched since the list of runs was left ready."""
    launched: float = 0.0

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
            if self._launch_as_many_as_go(len(going), following):
                continue
            if going or (following and not self.room.is_hopeless()):
                self._wait(going, asks_again=bool(following))
            elif following:
                for place, _ in following:
                    self._remember(place, self.refused.get(place.name, self.room.refusal))
            else:
                return ("failed", _in_words(self.problems)) if self.problems else ("succeeded", "")
        self._stop_members()
        return "cancelled", ""

    def _members(self) -> tuple[list[Run], list[tuple[Place, Run | None]]]:
        """Return the members that go on, and the places whose member is missing or is to be tried again, in order.

        A run that is a link is another workspace's, and is not tried again there.
        """
        must_count(self.study.folder, self.launch)
        plan = self.study.plan()  # it may have been extended meanwhile
        members = self.study.members(self._runs())
        self.members = tuple(reversed(members.values()))
        told, self.problems = self.problems, {}
        going: dict[str, Run] = {}
        following: list[tuple[Place, Run | None]] = []
        for number, place in enumerate(plan.places, start=1):
            run = members.get(place.name)
            state = "missing" if run is None else _state(run)
            if run is not None and state == "succeeded":
                keep_small(run, keep_model=plan.keep_models)
            elif run is not None and state in ACTIVE:
                going[f"{number} of {len(plan.places)}: {place.name}"] = run
            elif place.name not in self.tried or (run is not None and _was_lost(run)):
                following.append((place, None if run is not None and run.folder.is_symlink() else run))
            else:
                rests = "its run was deleted" if run is None else f"run {run.id} is {in_words(state)}"
                self.problems[place.name] = told.get(place.name, rests)
        more = f" and {len(going) - 1} more" if len(going) > 1 else ""
        waits = (
            f"{'; ' if going else ''}the others wait: {self.room.refusal}" if following and self.room.refusal else ""
        )
        if (phase := "".join([*list(going)[:1], more, waits])) != self.status.phase:
            self._write(phase=phase)
        return list(going.values()), following

    def _runs(self) -> Iterable[Run]:
        self.known = {run.id: self.known.get(run.id, run) for run in self.executor.store.runs()}
        return self.known.values()

    def _launch_as_many_as_go(self, going: int, following: list[tuple[Place, Run | None]]) -> bool:
        """Launch the first places for which there is room, and return whether the members are to be looked at anew.

        Places that were refused come after the others: one that is refused for ever keeps none of them waiting.
        """
        fitting: list[tuple[Place, Run | None]] = []
        refusal, wanted, is_any_remembered = "", 0, False
        for place, run in sorted(following, key=lambda pair: pair[0].name in self.refused):
            try:
                wanted = self.executor.at_once(place.config)
            except SchedulerError as error:
                refusal = str(error)
                break
            except ConfigError as error:  # others of the study may be carried out all the same
                self._remember(place, what_went_wrong(error))
                is_any_remembered = True
                continue
            self.room.goes_on(going, wanted)
            if going + len(fitting) >= self.room.of(wanted):
                break
            fitting.append((place, run))
        launch_all([partial(self._launch, place, run) for place, run in fitting])
        self.unlisted, self.launched = self.unlisted + len(fitting), time.monotonic()
        refusal = next((self.refused[place.name] for place, _ in fitting if place.name in self.refused), refusal)
        if fitting or refusal:
            taken = sum(place.name in self.tried and place.name not in self.problems for place, _ in fitting)
            self.room.heard(going, taken, refusal, wanted)
        return bool(fitting) or is_any_remembered

    def _launch(self, place: Place, run: Run | None) -> None:
        """Start or resume the member at a place; where that cannot be, it is remembered."""
        if self.stop():
            return
        self._beat()
        self.refused.pop(place.name, None)
        try:
            if run is None:
                self.executor.submit(place.config, lambda *_: self._beat(), partial(must_be_those_of, self.members))
            else:
                resume(run, self.executor)
            self.tried.add(place.name)
        except SchedulerError as error:
            self.refused[place.name] = str(error)
        except (InputError, OSError) as error:
            self._remember(place, what_went_wrong(error))

    def _remember(self, place: Place, why: str) -> None:
        """Remember why the member at a place could not be launched: it is not tried again."""
        self.tried.add(place.name)
        self.problems[place.name] = why

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
            if self.unlisted >= _MANY and time.monotonic() - self.launched > _SETTLED_SECONDS:
                list_runs(self.executor.workspace)
                self.unlisted = 0
            ask_schedulers(self.executor.workspace)  # a member may be with another one than the runs to come
            if asks_again and self.room.may_ask_again():
                return

    def _stop_members(self) -> None:
        """Stop the members that go on, all at the same time, and wait until they have ended."""
        must_count(self.study.folder, self.launch)
        threads = []
        for run in self.study.active_members(self._runs()):  # its plan may be gone, with its folder
            self._beat()
            with suppress(RunError):  # it has ended meanwhile
                threads.append(executor_of(run, self.executor.workspace).stop_in_background(run))
        for thread in threads:
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


def _was_lost(run: Run) -> bool:
    """Return whether a scheduler forgot a member before it began, as one that did not answer and has not taken it."""
    launch = last_launch(run.folder)
    if launch is None or not launch.is_forgotten or launch.number >= _MOST_LOST_LAUNCHES:
        return False
    with suppress(RunError):
        return run.status().started is None
    return False


def _in_words(problems: dict[str, str]) -> str:
    """Return which members did not succeed, and why: the first few by name."""
    told = [f"{place}: {reason}" for place, reason in list(problems.items())[:_NAMED]]
    more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
    members = counted(len(problems), "member")
    return f"{members} did not succeed ({'; '.join(told)}{more}); resume the study to try again"
