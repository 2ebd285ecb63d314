"""Starting and stopping runs: what all executors share, and the local one, whose runs are processes of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from allcore.config import TrainConfig
from allcore.errors import DevicesUnknownError, InputError, RunError, SchedulerError
from allcore.installation import PROJECT
from allcore.progress import Progress
from allcore.refusals import what_went_wrong
from allcore.runs.execution.devices import Device, devices_here, suitable
from allcore.runs.execution.end_process import gone_within, rests_within, signal_group, while_it_stops
from allcore.runs.execution.lease import write_ticket
from allcore.runs.execution.resting_status import resting_status
from allcore.runs.folder.files import OUTPUT_FILE, STOP_FILE
from allcore.runs.folder.launches import LOCAL, Launch, claim_launch, last_launch
from allcore.runs.folder.process import host, start_mark
from allcore.runs.folder.states import ACTIVE, RESUMABLE, in_words
from allcore.runs.folder.status import Status, read_status, recorded_status, write_status
from allcore.runs.folder.store import Run, RunStore
from allcore.workspace import Workspace

if TYPE_CHECKING:
    from allcore.runs.execution.preflight import Look

_PATIENCE_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Executor(ABC):
    """Where runs are executed. `status.json`, which the run's worker writes, is the truth whoever executes it.

    It looks at and ends the runs that it has launched; `choose_executor` knows whose a run is.
    """

    workspace: Workspace
    name: ClassVar[str]

    @property
    def store(self) -> RunStore:
        """The runs of the workspace."""
        return RunStore(self.workspace.runs)

    def submit(self, config: TrainConfig, on_progress: Progress | None = None, look: Look | None = None) -> Run:
        """Check the configuration and its data, make the run folder, have it carried out, return the run at once.

        Raises `InputError` before anything is written when the data, the weights or the configuration will not do, or
        TensorFlow is not installed. So may `look`, which gets the configuration, resolved, and the split of the run.
        """
        from allcore.runs.execution.preflight import prepare, require_training

        require_training()
        self.check(config)
        resolved, split = prepare(config, self.workspace.cache, on_progress, self.workspace.judgements)
        if look is not None:
            look(resolved, split)
        run = self.store.create(resolved, split)
        self._launch(run, claim_launch(run.folder, self.name, None))
        return run

    def resume(self, run: Run) -> None:
        """Have a run that ended early carried out from its last checkpoint, also where its status is damaged.

        Raises `RunError` when it is active or has succeeded, `InputError` where TensorFlow is not installed.
        """
        from allcore.runs.execution.preflight import require_training

        require_training()
        self.look()
        last = last_launch(run.folder)  # first: whoever launches meanwhile is then found out
        status = resting_status(run)
        if status.state not in RESUMABLE:
            resumable = ", ".join(sorted(map(in_words, RESUMABLE)))
            raise RunError(f"run {run.id} is {in_words(status.state)}; only {resumable} runs can be resumed")
        self.check(run.config)
        self._launch_again(run, status, last)

    def _launch_again(self, run: Run, status: Status, last: Launch | None) -> None:
        """Queue a run anew, after the launch that was its last one when `status` was read, and launch it."""
        launch = claim_launch(run.folder, self.name, last)
        (run.folder / STOP_FILE).unlink(missing_ok=True)
        moment = time.time()
        fresh: dict[str, object] = {
            "state": "queued",
            "pid": None,
            "process_started": None,
            "queued_at": moment,
            "heartbeat": moment,
        }
        fresh |= {"error": "", "phase": "", "eta_seconds": None, "at_time_limit": ()}
        write_status(run.folder, status.model_copy(update=fresh))
        self._launch(run, launch)

    def state(self, run: Run) -> Status:
        """Return what the run is doing now."""
        self.look()
        return run.status()

    def request_stop(self, run: Run) -> None:
        """Ask the run to stop at its next batch. Raises `RunError` when it is not active."""
        state = run.status().state
        if state not in ACTIVE:
            raise RunError(f"run {run.id} is {in_words(state)}; there is nothing to stop")
        try:
            (run.folder / STOP_FILE).touch()
        except OSError:  # a full disk, say: the worker takes the signal as the same request
            signal_group(run.status(), signal.SIGTERM)
        self.after_request(run)

    def stop(self, run: Run, patience: float = _PATIENCE_SECONDS) -> None:
        """Ask, then end it more and more firmly every `patience` seconds, and return when the run has ended.

        The checkpoint is kept and the state becomes `cancelled`, so the run can be resumed.
        """
        self.request_stop(run)
        self._end_as_asked(run, patience)

    def _end_as_asked(self, run: Run, patience: float) -> None:
        self.end(run, patience)
        status = read_status(run.folder)
        if status.state == "interrupted":
            with suppress(OSError):  # a full disk, say: it can be resumed as it is
                write_status(run.folder, status.model_copy(update={"state": "cancelled", "eta_seconds": None}))

    def stop_in_background(self, run: Run) -> threading.Thread:
        """Ask the run to stop and return at once; the thread that is returned goes on as `stop` does.

        Raises `RunError` when the run is not active.
        """
        self.request_stop(run)

        def go_on() -> None:
            with suppress(RunError):  # it was deleted meanwhile
                self._end_as_asked(run, _PATIENCE_SECONDS)

        thread = threading.Thread(target=go_on, name=f"stop {run.id}", daemon=True)
        thread.start()
        return thread

    def look(self) -> None:  # noqa: B027 - a scheduler's executors have something to do
        """Record what a scheduler says of the runs that it has, where `read_status` finds it; locally nothing."""

    def after_request(self, run: Run) -> None:  # noqa: B027
        """Do what a request to stop needs beside its file; locally nothing."""

    @abstractmethod
    def check(self, config: TrainConfig) -> None:
        """Raise `ConfigError` where a run of this configuration could never start."""

    @abstractmethod
    def devices(self) -> tuple[Device, ...]:
        """Return the devices that runs take turns on."""

    @abstractmethod
    def at_once(self, config: TrainConfig) -> int:
        """Return how many runs of this configuration may be under way at a time."""

    @abstractmethod
    def end(self, run: Run, patience: float) -> None:
        """End a run that was asked to stop, more and more firmly every `patience` seconds."""

    @abstractmethod
    def _launch(self, run: Run, launch: Launch) -> None:
        """Have a queued run carried out."""


@dataclass(frozen=True)
class LocalExecutor(Executor):
    """Runs as processes of this machine, one worker a run, each in a process group of its own."""

    name: ClassVar[str] = LOCAL

    def check(self, config: TrainConfig) -> None:
        """Raise `ConfigError` where this machine has fewer devices than a run asks for."""
        self._suitable(config)

    def devices(self) -> tuple[Device, ...]:
        """Return this machine's GPUs and the places on its processor."""
        return devices_here()

    def at_once(self, config: TrainConfig) -> int:
        """Return how many runs of this configuration this machine's devices hold."""
        return len(self._suitable(config)) // config.devices

    def _suitable(self, config: TrainConfig) -> tuple[Device, ...]:
        """Return the devices that a run may have. Raises `SchedulerError` where they cannot be told at this moment."""
        try:
            return suitable(config, self.devices())
        except DevicesUnknownError as error:
            raise SchedulerError(str(error)) from None

    def end(self, run: Run, patience: float) -> None:
        """Wait, then send SIGTERM, then SIGKILL to the process group; wait alone for a run of another machine.

        The step under way and the checkpoint, which a slow processor or disk may take minutes for, are waited for.
        """
        status = run.status()
        if not gone_within(status, patience):
            signal_group(status, signal.SIGTERM)
            if not while_it_stops(run, lambda: gone_within(status, patience)):
                signal_group(status, signal.SIGKILL)
                gone_within(status, patience)
        rests_within(run.folder, patience)

    def _launch(self, run: Run, launch: Launch) -> None:
        """Start the worker, put it into the queue and record its identity.

        Where that fails no worker is left, and the run says why it has failed.
        """
        try:
            self._start(run, launch)
        except (InputError, OSError) as error:
            with suppress(OSError, RunError):  # then it reads as interrupted: nobody comes for it
                status = recorded_status(run.folder)
                ended = {"state": "failed", "pid": None, "error": f"it was not started: {what_went_wrong(error)}"}
                write_status(run.folder, status.model_copy(update=ended))
            raise

    def _start(self, run: Run, launch: Launch) -> None:
        """Start the worker, which writes nothing before it is recorded.

        It waits for a byte, or for its launcher's end, at its standard input.
        """
        with (run.folder / OUTPUT_FILE).open("ab") as output:
            process = subprocess.Popen(
                worker_command(run, launch),
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=worker_environment(self.workspace),
            )
        assert process.stdin is not None
        with process.stdin:
            try:
                self._put_into_queue(run, process.pid)
            except BaseException:
                process.kill()  # or it would train: to it the end of its input is its launcher's
                raise
            with suppress(BrokenPipeError):  # it has ended
                process.stdin.write(b"\n")

    def _put_into_queue(self, run: Run, pid: int) -> None:
        status = recorded_status(run.folder)
        started = start_mark(pid)
        if started is not None:
            kind = self._suitable(run.config)[0].kind
            write_ticket(self.store.root, run.id, status.queued_at, kind, pid, started)
        update = {"pid": pid, "process_started": started, "host": host(), "heartbeat": time.time()}
        write_status(run.folder, status.model_copy(update=update))


def worker_command(run: Run, launch: Launch) -> list[str]:
    """Return the command that carries a launched run out."""
    return [sys.executable, "-m", "allcore", "worker", str(run.folder), "--launch", str(launch.number)]


_HANDED_OVER: Final = ("PYTHONPATH", "ALLCORE_", "KERAS_", "TF_")
_NOT_TENSORFLOWS: Final = ("TF_TOKEN_", "TF_VAR_", "TF_CLI_", "TF_WORKSPACE")
"""Terraform's, some of which are secrets."""


def is_handed_over(name: str) -> bool:
    """Return whether a scheduler's job needs this variable of the environment in which it was submitted."""
    return name.startswith(_HANDED_OVER) and not name.startswith(_NOT_TENSORFLOWS)


def worker_environment(workspace: Workspace) -> dict[str, str]:
    """Return the environment in which `python -m allcore` finds this package and this workspace from any folder."""
    path = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "ALLCORE_WORKSPACE": str(workspace.root)}
