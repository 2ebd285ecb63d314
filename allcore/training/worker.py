"""The worker: one process that carries out one run, from its folder alone.

It imports TensorFlow only once it holds the device, so that a queued run costs no more than a plain Python process.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from allcore.config import TrainConfig, read_config
from allcore.errors import DevicesUnknownError, InputError, RunError
from allcore.hardware import CPU_SLOTS, set_before_tensorflow
from allcore.memory import imported_for_good, peak_memory
from allcore.refusals import refusal
from allcore.runs.execution.devices import Device, devices_here, see_only, suitable, take_given
from allcore.runs.execution.lease import device_lease
from allcore.runs.execution.mirroring import leave_time_to, start_mirroring
from allcore.runs.execution.stop_signal import StopSignal
from allcore.runs.folder.files import (
    CHECKPOINTS_FOLDER,
    CONFIG_FILE,
    ENVIRONMENT_FILE,
    FORMER_UNFINISHED,
    OUTPUT_FILE,
    STATUS_FILE,
    STOP_FILE,
)
from allcore.runs.folder.launches import GOES_ON_LATER, Launch, last_launch
from allcore.runs.folder.process import host, own_identity
from allcore.runs.folder.states import in_words
from allcore.runs.folder.status import Status, read_status, write_status
from allcore.runs.folder.store import Run
from allcore.runs.folder.turns import SUPERSEDED, Turn, take_turn
from allcore.runs.folder.worker_lock import worker_lock
from allcore.training.log import append_to_log
from allcore.training.time_limit import places_at_time_limit
from allcore.writing import remove_unfinished

if TYPE_CHECKING:
    from allcore.training.reporter import Reporter

_FORMER_SECONDS = 30.0
"""How long a worker that was launched waits for the one before it to see that the run is another's."""
_HEARTBEAT_SECONDS = 60.0
"""How often a worker that waits for a device is heard of; it counts as lost after five minutes."""
_TIMES_ASKED = 3
"""How often a worker asks for this machine's devices before it gives up: it has all the time that a queue takes."""
_ENDED = ("succeeded", "failed", "cancelled")
"""The states that are recorded of a run that is over; whoever launches it again records `queued` first."""


def run_worker(folder: Path, launch: int | None = None) -> int:
    """Carry out the run in `folder`, as the launch of that number was asked to, and return the process's exit status.

    0 done or stopped, 1 failed, `SUPERSEDED` refused, `GOES_ON_LATER` when a scheduler took the machine back.
    """
    try:
        last = _checked(folder, launch)
        with _as_only_worker(folder, last, was_launched=launch is not None) as turn:
            return _work(folder, last, turn, was_launched=launch is not None)
    except Timeout:
        print(f"run {folder.name} already has a worker", file=sys.stderr)
        return SUPERSEDED
    except RunError as error:
        print(error, file=sys.stderr)
        return SUPERSEDED


def _checked(folder: Path, number: int | None) -> Launch:
    """Return the run's last launch. Raises `RunError` where this worker is of an earlier one, or of one refused."""
    last = last_launch(folder) or Launch(number=1)
    if number is not None and number != last.number:
        raise RunError(f"run {folder.name} was launched again since: launch {last.number} counts, this is {number}")
    if number is not None and last.was_refused:
        raise RunError(f"run {folder.name} is not carried out: launch {number} was refused ({last.word})")
    return last


@contextmanager
def _as_only_worker(folder: Path, launch: Launch, *, was_launched: bool) -> Iterator[Turn]:
    """Hold the run's lock and a turn at it. Raises `Timeout` where a worker that nobody launched finds another one.

    One that was launched ends the turn of the worker before it, which was taken for lost, and waits until it has let
    go. Should that never happen it goes on: a file server may keep the lock of a machine that is lost.
    """
    lock, turn = worker_lock(folder), None
    if was_launched:
        turn = take_turn(folder, launch)
        with suppress(Timeout):
            lock.acquire(timeout=_FORMER_SECONDS)
    else:
        lock.acquire()
    try:
        yield turn or take_turn(folder, launch)
    finally:
        lock.release()


def _work(folder: Path, launch: Launch, turn: Turn, *, was_launched: bool) -> int:
    if not launch.is_local and (state := read_status(folder).state) in _ENDED:
        print(f"run {folder.name} is {in_words(state)}: its job was queued again for nothing", file=sys.stderr)
        return 0
    stop = StopSignal(folder, scheduled=not launch.is_local, turn=turn)
    if was_launched and launch.is_local:
        _wait_for_launcher()
    status = _take_over(folder, launch)
    for place in (folder, folder / CHECKPOINTS_FOLDER):
        remove_unfinished(place, FORMER_UNFINISHED)
    try:
        config = read_config(folder / CONFIG_FILE)
        if not launch.is_local:  # the scheduler gave this process its devices, and shares them with no other run
            os.environ.pop(CPU_SLOTS, None)
            given, warnings = take_given(config, launch.executor)  # before TensorFlow comes in
            exporter = start_mirroring(folder)
            code = _train(folder, status.model_copy(update={"devices": given}), stop, turn, warnings)
            if code != GOES_ON_LATER:
                leave_time_to(exporter)
            return code
        give_up = _heard_of(folder, stop)
        fitting = _fitting(config, give_up)
        queue = folder.parent, folder.name, status.queued_at, fitting, give_up, config.devices
        with device_lease(*queue) if fitting else nullcontext(()) as leased:
            if leased:
                see_only(leased)  # before TensorFlow comes in
                start_mirroring(folder)
                taken = tuple(device.label for device in leased)
                return _train(folder, status.model_copy(update={"devices": taken}), stop, turn)
            _end(turn, status, "cancelled")
            return 0
    except InputError as error:  # the configuration is damaged, or this machine has too few devices
        print(error, file=sys.stderr)
        _end(turn, status, "failed", str(error))
        return 1
    except Exception as error:  # no queue can be written, or TensorFlow is not there
        traceback.print_exc()
        _end(turn, status, "failed", _one_line(error))
        return 1


def _fitting(config: TrainConfig, give_up: Callable[[], bool]) -> tuple[Device, ...]:
    """Return this machine's devices that a run may have, none where `give_up` says so. Raises `ConfigError`.

    A driver that is being loaded, for the first run of many, may be slow to tell of its GPUs.
    """
    for asked in range(1, _TIMES_ASKED + 1):
        try:
            return suitable(config, devices_here())
        except DevicesUnknownError:
            if give_up():
                break
            if asked == _TIMES_ASKED:
                raise
    return ()


def _heard_of(folder: Path, stop: StopSignal) -> Callable[[], bool]:
    """Return what asks `stop` and, once a minute, renews the time of the status, by which other machines judge the run.

    No more is needed of a status that says nothing new: nothing is written and nothing synced.
    """
    heard = time.monotonic()

    def stops() -> bool:
        nonlocal heard
        if not (asked := stop()) and time.monotonic() - heard >= _HEARTBEAT_SECONDS:
            heard = time.monotonic()
            with suppress(OSError):
                os.utime(folder / STATUS_FILE)
        return asked

    return stops


def _train(folder: Path, status: Status, stop: StopSignal, turn: Turn, warnings: tuple[str, ...] = ()) -> int:
    """Train and write the run's last status: `succeeded` only when all that it promises is on the disk."""
    set_before_tensorflow()
    with imported_for_good():
        from allcore.training.checkpoint import remove_checkpoints  # TensorFlow comes in here
        from allcore.training.reporter import Reporter
        from allcore.training.session import carry_out

    fresh = {"state": "running", "phase": "starting", "started": time.time(), "error": ""}
    reporter = Reporter(folder, status.model_copy(update=fresh), turn)
    for warning in warnings:
        reporter.warn(warning)
    state, error = "failed", ""
    try:
        state = "succeeded" if carry_out(folder, reporter, stop) else _stopped(folder, reporter, stop)
    except InputError as raised:
        print(raised, file=sys.stderr)
        error = str(raised)
    except MemoryError:
        error = "out of memory: use a smaller image size, batch size or micro-batch size"
    except Exception as raised:
        traceback.print_exc()
        error = _one_line(raised)
    finally:
        if reporter.status.device.startswith("CPU"):
            reporter.update(peak_memory=max(reporter.status.peak_memory or 0, peak_memory() or 0) or None)
        reporter.close()
    _end(turn, reporter.status, state, error)
    if state == "succeeded":
        remove_checkpoints(folder / CHECKPOINTS_FOLDER)
    return {"failed": 1, "queued": GOES_ON_LATER}.get(state, 0)


def _stopped(folder: Path, reporter: Reporter, stop: StopSignal) -> str:
    """Return the state of a run that was stopped. Raises `RunError` where each of its jobs comes to the same place.

    One that lacks nothing else than shortcut baselines by then has succeeded.
    """
    from allcore.training.finish import results_are_whole

    if not stop.goes_on_later():
        return "cancelled"
    if stop.is_near_limit():
        try:
            reporter.update(at_time_limit=places_at_time_limit(reporter.status))
        except RunError:
            if not results_are_whole(Run(folder)):
                raise
            reporter.warn("the shortcut baselines could not be scored (the time limit of the run's jobs is too short)")
            return "succeeded"
    return "queued"


def _wait_for_launcher() -> None:
    """Wait until the launcher has recorded this process, however slow its disk is, or has ended before.

    What it still wrote later would be written over this process's own word, perhaps its last.
    """
    with suppress(OSError):
        if not os.isatty(0):  # somebody's terminal is no launcher
            os.read(0, 1)


def _take_over(folder: Path, launch: Launch) -> Status:
    """Record this process as the run's worker, also where no launcher on this machine did."""
    pid, started = own_identity()
    status = read_status(folder)
    segment = status.segment + 1 if (folder / ENVIRONMENT_FILE).exists() else status.segment
    taken = status.model_copy(
        update={
            "state": "queued", "pid": pid, "process_started": started, "host": host(), "heartbeat": time.time(),
            "segment": segment, "phase": "waiting for the device",
        }
    )  # fmt: skip
    write_status(folder, taken)
    job = "" if launch.is_local else f", {launch.executor} job {launch.job}"
    append_to_log(folder, f"process {pid} on {host()} waits for the device{job}")
    return taken


def _end(turn: Turn, status: Status, state: str, error: str = "") -> None:
    """Write the last status; should the disk refuse it, the run reads as interrupted, which it then is."""
    turn.end_if_over()
    folder = turn.folder
    try:
        update = {"state": state, "error": error, "phase": "", "eta_seconds": None, "heartbeat": time.time()}
        if state == "queued":
            update |= {"pid": None, "process_started": None, "phase": "saved; the scheduler starts it again"}
        write_status(folder, status.model_copy(update=update))
        append_to_log(folder, f"{in_words(state)}: {error}" if error else in_words(state))
        (folder / STOP_FILE).unlink(missing_ok=True)
    except OSError:
        traceback.print_exc()


def _one_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    if (refused := refusal(error)) is not None:
        return f"{refused.why}; what was saved before is kept: {refused.to_do}, and resume the run"
    if type(error).__name__ == "ResourceExhaustedError":
        return "the device ran out of memory: use a smaller image size, batch size or micro-batch size"
    return f"{type(error).__name__}: {text[0] if text else 'no message'}; the whole message is in {OUTPUT_FILE}"
