"""A study on an MLflow server: one run that its members name as their parent."""

from __future__ import annotations

import time
from typing import Final

from allcore.config_fields import setting_text
from allcore.errors import RunError, TrackingError
from allcore.runs.states import ACTIVE
from allcore.runs.status import Status
from allcore.studies.plan import StudyPlan
from allcore.studies.store import Study
from allcore.tracking.record import RECORD_FILE, Mirrored, read_mirrored, write_mirrored
from allcore.tracking.server import MlflowServer
from allcore.writing import write_new

STUDY_TAG: Final = "allscope.study"
_PARENT_TAG: Final = "allscope.parent"
_STATUS: Final = {"succeeded": "FINISHED", "failed": "FAILED", "cancelled": "KILLED", "interrupted": "KILLED"}


def mlflow_status(status: Status) -> str:
    """Return what a state is called by MLflow; a run that was stopped or interrupted can go on."""
    return "RUNNING" if status.state in ACTIVE else _STATUS[status.state]


def mirror_study(study: Study, server: MlflowServer, experiment: str) -> str:
    """Return the id of the run that stands for a study, made where it is missing, with the study's state told to it.

    '' where the study's folder is gone. What is damaged of it is not told. Raises `TrackingError` where the server
    fails, `OSError` from the disk.
    """
    if not study.folder.is_dir():
        return ""
    record = read_mirrored(study.folder)
    if record is None or record.server != server.address or record.experiment != experiment:
        record = _parent(study, server, experiment, exclusively=record is None)
    if not record.described and (plan := _plan(study)) is not None:
        _describe(record.run, plan, server)
        record = record.model_copy(update={"described": True})
        write_mirrored(study.folder, record)
    status = _status(study)
    if status is not None and (told := mlflow_status(status)) != record.status:
        server.update(record.run, told, None if told == "RUNNING" else status.heartbeat)
        write_mirrored(study.folder, record.model_copy(update={"status": told}))
    return record.run


def _describe(run: str, plan: StudyPlan, server: MlflowServer) -> None:
    """Tell the parameters, unless there are others: a server keeps the first, of a study that was made anew say."""
    axes = {"seeds": plan.seeds, "folds": plan.folds, **plan.vary}
    try:
        server.log(run, parameters={axis: ", ".join(map(setting_text, of)) for axis, of in axes.items() if of})
    except TrackingError as error:
        if error.code != "INVALID_PARAMETER_VALUE":
            raise


def _plan(study: Study) -> StudyPlan | None:
    try:
        return study.plan()
    except RunError:  # its settings are lost, and not the study
        return None


def _status(study: Study) -> Status | None:
    try:
        return study.status()
    except RunError:
        return None


def _parent(study: Study, server: MlflowServer, experiment: str, exclusively: bool) -> Mirrored:
    """Return the record of a study's run. Of several members that make it at a time, on any machine, one does."""
    found = server.find_run(experiment, _PARENT_TAG, study.name)
    made = found is None
    if found is None:
        tags = {_PARENT_TAG: study.name, "mlflow.source.name": "ALLscope"}
        status = _status(study)
        began = time.time() if status is None else status.queued_at
        found = server.create_run(experiment, study.name, began, tags)
    record = Mirrored(server=server.address, experiment=experiment, run=found.id, artifacts=found.artifacts)
    if not exclusively:
        write_mirrored(study.folder, record)
        return record
    try:
        write_new(study.folder / RECORD_FILE, record.model_dump_json(indent=1))
    except FileExistsError:
        first = read_mirrored(study.folder)
        if first is None:  # damaged
            write_mirrored(study.folder, record)
            return record
        if made and first.run != found.id:
            server.delete_run(found.id)
        return first
    return record
