"""The one run on an MLflow server that stands for a run or a study, whoever makes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from allcore.errors import RunError
from allcore.result_cache import short_digest
from allcore.runs.folder.files import read_record
from allcore.tracking.server import MlflowRun, MlflowServer
from allcore.writing import write_new, write_whole


class _Made(BaseModel):
    """What a file of a folder says: which run of a server's experiment stands for it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    artifacts: str


def counterpart(
    folder: Path, server: MlflowServer, experiment: str, tag: str, name: str, create: Callable[[], MlflowRun]
) -> MlflowRun:
    """Return the run of an experiment that stands for `folder`, whose `tag` has the value `name`, made if missing.

    Of several processes that make it at the same time, on any machines, one does: it is named in a file that is made
    with exclusive creation, for each server and experiment, and anew once it was deleted there. Raises `TrackingError`
    where the server fails, `OSError` from the disk.
    """
    gone: list[str] = []
    while True:
        place = short_digest(json.dumps([server.address, experiment, *gone]))
        file = folder / f"mlflow-{place}.json"
        first = _read(file)
        if first is None:
            found = server.find_run(experiment, tag, name)
            mine = found or create()
            first = _first(file, mine)
            if first == mine:
                return mine
            if found is None:
                server.delete_run(mine.id)
        if server.has_run(first.id):
            return first
        gone.append(first.id)


def _first(file: Path, mine: MlflowRun) -> MlflowRun:
    """Return the run that a file names: `mine`, unless another process was faster."""
    content = _Made(id=mine.id, artifacts=mine.artifacts).model_dump_json(indent=1)
    try:
        write_new(file, content)
    except FileExistsError:
        if (first := _read(file)) is not None:
            return first
        write_whole(file, content)  # it was damaged
    return mine


def _read(file: Path) -> MlflowRun | None:
    try:
        found = read_record(file.parent, file.name)
        return None if found is None else MlflowRun(**_Made.model_validate(found).model_dump())
    except (RunError, ValidationError):
        return None
