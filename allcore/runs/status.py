"""A run's `status.json`: what the worker says of itself, and what follows from whether it is there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allcore.errors import RunError
from allcore.runs.files import STATUS_FILE, STOP_FILE, read_record
from allcore.runs.process import host, is_alive
from allcore.writing import write_whole

STATUS_SCHEMA = 2
_READABLE_SCHEMAS = (1, STATUS_SCHEMA)
LAUNCH_SECONDS = 30.0
"""How long a run may be queued without a process before it counts as interrupted."""
ELSEWHERE_SECONDS = 300.0
"""How old the heartbeat of a worker on another machine may be before the run counts as interrupted."""

State = Literal["queued", "running", "stopping", "succeeded", "failed", "cancelled", "interrupted"]
ACTIVE: frozenset[State] = frozenset({"queued", "running", "stopping"})
RESUMABLE: frozenset[State] = frozenset({"failed", "cancelled", "interrupted"})


def in_words(state: str) -> str:
    """Return how a state of files is called where people read it: a run that was stopped is not lost, it can go on."""
    return "stopped" if state == "cancelled" else state


Count = Annotated[int, Field(ge=0, lt=2**31)]
Pid = Annotated[int, Field(gt=0, lt=2**31)]
Moment = Annotated[float, Field(ge=0.0, le=1e11)]


class Status(BaseModel):
    """One reading of a run. `epoch` and `step` count what is done; times are seconds since the epoch.

    `pid` and `process_started`, the process's mark, mean something on `host` alone; in schema 1 the second was a time.
    `served_epoch` (0-based) is the one whose weights are served. `started` is when the segment's worker got the device,
    `peak_memory` the most bytes that it took, on a CPU. `devices` are those of `host` that it has to itself.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_number: int = STATUS_SCHEMA
    state: State
    pid: Pid | None = None
    process_started: str | Moment | None = None
    host: str = ""
    heartbeat: Moment
    queued_at: Moment
    segment: Count = 0
    epoch: Count = 0
    epochs: Count = 0
    step: Count = 0
    steps_per_epoch: Count = 0
    phase: str = ""
    images_per_second: Annotated[float, Field(ge=1e-6, le=1e9)] | None = None
    eta_seconds: Annotated[float, Field(ge=-1e10, le=1e10)] | None = None
    device: str = ""
    devices: tuple[str, ...] = ()
    started: Moment | None = None
    peak_memory: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    served_epoch: Annotated[int, Field(ge=-1, lt=2**31)] | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()


def read_status(folder: Path) -> Status:
    """Return the run's status as it really is.

    An active record whose process is gone reads as `interrupted`; a running one that was asked to stop reads as
    `stopping`. Raises `RunError` when the file is missing, damaged or from a newer version.
    """
    fields = read_record(folder, STATUS_FILE)
    if fields is None:
        raise RunError(f"run {folder.name} has no {STATUS_FILE}: it was deleted, or its start failed")
    schema = fields.get("schema_number")
    if schema not in _READABLE_SCHEMAS:
        raise RunError(
            f"run {folder.name}: {STATUS_FILE} has schema {schema!r:.20}, this version reads {STATUS_SCHEMA}"
        )
    try:
        status = Status.model_validate(fields)
    except ValidationError as error:
        names = ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors())
        raise RunError(f"run {folder.name}: {STATUS_FILE} is damaged ({names})") from None
    return status.model_copy(update={"state": _real_state(folder, status)})


def write_status(folder: Path, status: Status) -> None:
    """Replace the run's status in one step: a reader sees the old or the new one."""
    write_whole(
        folder / STATUS_FILE, status.model_copy(update={"schema_number": STATUS_SCHEMA}).model_dump_json(indent=2)
    )


def _real_state(folder: Path, status: Status) -> State:
    if status.state not in ACTIVE:
        return status.state
    if not _is_there(status):
        return "interrupted"
    if status.state == "running" and (folder / STOP_FILE).exists():
        return "stopping"
    return status.state


def _is_there(status: Status) -> bool:
    """Return whether the worker, or on its way there the launcher, goes on."""
    since_heartbeat = abs(time.time() - status.heartbeat)  # a clock set back must not make a dead run live for hours
    if status.pid is None:
        return since_heartbeat < LAUNCH_SECONDS
    if status.host not in ("", host()):
        return since_heartbeat < ELSEWHERE_SECONDS
    return is_alive(status.pid, status.process_started)
