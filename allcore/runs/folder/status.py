"""A run's `status.json`: what the worker says of itself, and what follows from whether it is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allcore.errors import RunError
from allcore.json_text import fields_of, of_another_schema
from allcore.runs.folder.disk_clock import seconds_since_written
from allcore.runs.folder.files import STATUS_FILE, STOP_FILE, read_record
from allcore.runs.folder.launches import Launch, last_launch, launch_file
from allcore.runs.folder.process import is_alive, is_elsewhere
from allcore.runs.folder.states import ACTIVE, State
from allcore.writing import write_whole

STATUS_SCHEMA = 2
_READABLE_SCHEMAS = (1, STATUS_SCHEMA)
_LAUNCH_SECONDS = 120.0
"""How long a run may be queued without a process before it counts as interrupted: a launch syncs a dozen times."""
ELSEWHERE_SECONDS = 300.0
"""How old the heartbeat of a worker on another machine may be before the run counts as interrupted."""
_BEATING_SECONDS = 30.0
"""How old the heartbeat of a worker that surely lives may be; it is renewed every few seconds."""

TRAINING, VALIDATING = "training", "validating"
"""The phases of a worker that looks after each step whether it is to stop."""
SAVING = "saving a checkpoint"
"""The phase of a worker until what it needs to go on is on the disk."""

Natural = Annotated[int, Field(ge=0, lt=2**31)]
_Pid = Annotated[int, Field(gt=0, lt=2**31)]
_Moment = Annotated[float, Field(ge=0.0, le=1e11)]


class Status(BaseModel):
    """One reading of a run. `epoch` and `step` count what is done; times are seconds since the epoch.

    `pid` and `process_started`, the process's mark, mean something on `host` alone; in schema 1 the second was a time.
    `served_epoch` (0-based) is the one whose weights are served. `started` is when the segment's worker got the device,
    `peak_memory` the most bytes that it took, on a CPU. `devices` are those of `host` that it has to itself.
    `at_time_limit` says where jobs were that had to end near their time limit, since the run last got on. It
    `is_certain` unless another machine, or a look a moment later, may read something else from the same files.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_number: int = STATUS_SCHEMA
    state: State
    pid: _Pid | None = None
    process_started: str | _Moment | None = None
    host: str = ""
    heartbeat: _Moment
    queued_at: _Moment
    segment: Natural = 0
    epoch: Natural = 0
    epochs: Natural = 0
    step: Natural = 0
    steps_per_epoch: Natural = 0
    phase: str = ""
    images_per_second: Annotated[float, Field(ge=1e-6, le=1e9)] | None = None
    eta_seconds: Annotated[float, Field(ge=-1e10, le=1e10)] | None = None
    device: str = ""
    devices: tuple[str, ...] = ()
    started: _Moment | None = None
    peak_memory: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    served_epoch: Annotated[int, Field(ge=-1, lt=2**31)] | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()
    at_time_limit: tuple[str, ...] = ()
    is_certain: bool = Field(True, exclude=True)


def read_status(folder: Path) -> Status:
    """Return the run's status as it really is.

    An active record whose process is gone reads as `interrupted`; a running one that was asked to stop reads as
    `stopping`. A run that a scheduler was asked to carry out is judged by its heartbeat and by the scheduler's word,
    which an executor has recorded, and never by a pid. Raises `RunError` when the file is missing, damaged or from a
    newer version.
    """
    status = recorded_status(folder)
    if status.state not in ACTIVE:
        return status
    launch = last_launch(folder)
    if launch is None or launch.is_local:
        return _asked_to_stop(folder, _as_local(folder, status, launch))
    return _asked_to_stop(folder, _as_scheduled(folder, status, launch))


def recorded_status(folder: Path) -> Status:
    """Return the run's status as it stands in its file, whoever is gone by now. Raises what `read_status` does."""
    fields = read_record(folder, STATUS_FILE)
    if fields is None:
        raise RunError(f"run {folder.name} has no {STATUS_FILE}: it was deleted, or its start failed")
    if (schema := fields.get("schema_number")) not in _READABLE_SCHEMAS:
        raise RunError(of_another_schema(f"run {folder.name}: {STATUS_FILE}", schema, STATUS_SCHEMA))
    try:
        return Status.model_validate(fields)
    except ValidationError as error:
        raise RunError(f"run {folder.name}: {STATUS_FILE} is damaged ({fields_of(error)})") from None


def write_status(folder: Path, status: Status) -> None:
    """Replace the run's status in one step: a reader sees the old or the new one."""
    write_whole(
        folder / STATUS_FILE, status.model_copy(update={"schema_number": STATUS_SCHEMA}).model_dump_json(indent=2)
    )


def _asked_to_stop(folder: Path, status: Status) -> Status:
    if status.state == "running" and (folder / STOP_FILE).exists():
        return status.model_copy(update={"state": "stopping"})
    return status


def _as_local(folder: Path, status: Status, launch: Launch | None) -> Status:
    """Return the status of a run that a process carries out, as far as this machine can tell.

    Its own machine may know better, where it has only not been heard of; and a scheduler may have it, where the record
    of its launch could not be read just now.
    """
    there, was_read = _is_there(folder, status), launch is None or launch.was_read
    silent = not there and status.pid is not None and _is_elsewhere(folder, status)
    found = status if there else _interrupted(status)
    return found if was_read and not silent else found.model_copy(update={"is_certain": False})


def _interrupted(status: Status, error: str = "") -> Status:
    return status.model_copy(update={"state": "interrupted", "error": status.error or error})


def _as_scheduled(folder: Path, status: Status, launch: Launch) -> Status:
    """Return the status of a run that a scheduler has: its last word, unless the worker has been heard since."""
    if launch.state == "over":
        return status if status.pid is not None and _heard_since(folder, launch) else _interrupted(status, launch.word)
    queued = status.model_copy(update={"state": "queued", "phase": launch.word or status.phase})
    if status.pid is None:
        launching = bool(launch.job) or seconds_since_written(folder / STATUS_FILE) < 2 * _LAUNCH_SECONDS
        return queued if launching else _interrupted(status, f"it was not handed to {launch.executor}: resume the run")
    age = seconds_since_written(folder / STATUS_FILE)
    if launch.state == "waiting" and age > _BEATING_SECONDS:
        return queued
    if age < ELSEWHERE_SECONDS:
        return status
    if launch.state == "running":
        return status.model_copy(update={"phase": f"not heard of for {age / 60:.0f} min; {launch.word}"})
    return _interrupted(status, f"nothing was heard of it for {age / 60:.0f} min, nor of {launch.executor}")


def _heard_since(folder: Path, launch: Launch) -> bool:
    """Return whether a worker goes on of whose job the scheduler has said something since: it has written later."""
    file = folder / STATUS_FILE
    try:
        later = file.stat().st_mtime_ns > launch_file(folder, launch.number).stat().st_mtime_ns
    except OSError:
        return False
    return later and seconds_since_written(file) < ELSEWHERE_SECONDS


def _is_there(folder: Path, status: Status) -> bool:
    """Return whether the worker, or on its way there the launcher, goes on."""
    if status.pid is None:
        return seconds_since_written(folder / STATUS_FILE) < _LAUNCH_SECONDS
    if _is_elsewhere(folder, status):
        return seconds_since_written(folder / STATUS_FILE) < ELSEWHERE_SECONDS
    return is_alive(status.pid, status.process_started)


def _is_elsewhere(folder: Path, status: Status) -> bool:
    return is_elsewhere(status.host, status.process_started, folder / STATUS_FILE)
