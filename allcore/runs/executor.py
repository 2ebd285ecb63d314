"""Starting and stopping runs: one small interface, and the local process behind it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from allcore.config import TrainConfig
from allcore.errors import RunError
from allcore.installation import PROJECT
from allcore.progress import Progress
from allcore.runs.devices import Device, devices_here, suitable
from allcore.runs.ending import gone_within, signal_group
from allcore.runs.files import OUTPUT_FILE, STATUS_FILE, STOP_FILE
from allcore.runs.lease import write_ticket
from allcore.runs.preflight import prepare, require_training
from allcore.runs.process import host, start_mark
from allcore.runs.recover import resting_status
from allcore.runs.status import ACTIVE, RESUMABLE, Status, in_words, read_status, write_status
from allcore.runs.store import Run, RunStore
from allcore.workspace import Workspace


class Executor(Protocol):
    """Where runs are executed."""

    def submit(self, config: TrainConfig, on_progress: Progress | None = None) -> Run:
        """Queue a new run and return it at once."""

    def resume(self, run: Run) -> None:
        """Queue a stopped, failed or interrupted run again, from its last checkpoint."""

    def state(self, run: Run) -> Status:
        """Return what the run is doing now."""

    def request_stop(self, run: Run) -> None:
        """Ask the run to stop at its next batch and return at once."""

    def stop(self, run: Run, patience: float = 30.0) -> None:
        """Stop the run, more and more firmly, and return when it has ended."""

    def log(self, run: Run, lines: int = 50) -> str:
        """Return the last lines of the worker's log."""

    def devices(self) -> tuple[Device, ...]:
        """Return the devices that runs take turns on."""


@dataclass(frozen=True)
class LocalExecutor:
    """Runs as processes of this machine, one worker a run, each in a process group of its own."""

    workspace: Workspace

    @property
    def store(self) -> RunStore:
        """The runs that this executor starts."""
        return RunStore(self.workspace.runs)

    def submit(self, config: TrainConfig, on_progress: Progress | None = None) -> Run:
        """Check the configuration and its data, make the run folder, start its worker, return the run.

        Raises `InputError` before anything is written when the data, the weights or the configuration will not do, or
        TensorFlow is not installed.
        """
        require_training()
        suitable(config, self.devices())
        resolved, split = prepare(config, self.workspace.cache, on_progress, self.workspace.judgements)
        run = self.store.create(resolved, split)
        self._launch(run)
        return run

    def resume(self, run: Run) -> None:
        """Start a new worker for a run that ended early, also where its status is damaged.

        Raises `RunError` when it is active or has succeeded, `InputError` where TensorFlow is not installed.
        """
        require_training()
        status = resting_status(run)
        if status.state not in RESUMABLE:
            resumable = ", ".join(sorted(map(in_words, RESUMABLE)))
            raise RunError(f"run {run.id} is {in_words(status.state)}; only {resumable} runs can be resumed")
        (run.folder / STOP_FILE).unlink(missing_ok=True)
        moment = time.time()
        fresh = {"state": "queued", "pid": None, "process_started": None, "queued_at": moment, "heartbeat": moment}
        write_status(run.folder, status.model_copy(update={**fresh, "error": "", "eta_seconds": None}))
        self._launch(run)

    def state(self, run: Run) -> Status:
        """Return what the run is doing now."""
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

    def stop(self, run: Run, patience: float = 30.0) -> None:
        """Ask, then SIGTERM after `patience` seconds, then SIGKILL to the process group after as long again.

        The checkpoint is kept and the state becomes `cancelled`, so the run can be resumed.
        """
        self.request_stop(run)
        status = run.status()
        if not gone_within(status, patience):
            signal_group(status, signal.SIGTERM)
            if not gone_within(status, patience):
                signal_group(status, signal.SIGKILL)
                gone_within(status, patience)
        status = read_status(run.folder)
        if status.state == "interrupted":
            write_status(run.folder, status.model_copy(update={"state": "cancelled", "eta_seconds": None}))

    def stop_in_background(self, run: Run, patience: float = 30.0) -> threading.Thread:
        """Ask the run to stop and return at once; the thread that is returned goes on as `stop` does.

        Raises `RunError` when the run is not active.
        """
        self.request_stop(run)

        def go_on() -> None:
            with suppress(RunError):  # it has ended meanwhile
                self.stop(run, patience)

        thread = threading.Thread(target=go_on, name=f"stop {run.id}", daemon=True)
        thread.start()
        return thread

    def log(self, run: Run, lines: int = 50) -> str:
        """Return the last lines of the worker's log."""
        return run.log_tail(lines)

    def devices(self) -> tuple[Device, ...]:
        """Return this machine's GPUs and the places on its processor."""
        return devices_here()

    def _launch(self, run: Run) -> None:
        """Start the worker, put it into the queue and record its identity; it writes nothing before that is there."""
        with (run.folder / OUTPUT_FILE).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "allcore", "worker", str(run.folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=worker_environment(self.workspace),
            )
        status = Status.model_validate_json((run.folder / STATUS_FILE).read_bytes())
        started = start_mark(process.pid)
        if started is not None:
            kind = suitable(run.config, self.devices())[0].kind
            write_ticket(self.store.root, run.id, status.queued_at, kind, process.pid, started)
        update = {"pid": process.pid, "process_started": started, "host": host(), "heartbeat": time.time()}
        write_status(run.folder, status.model_copy(update=update))


def worker_environment(workspace: Workspace) -> dict[str, str]:
    """Return the environment in which `python -m allcore` finds this package and this workspace from any folder."""
    path = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "ALLCORE_WORKSPACE": str(workspace.root)}
