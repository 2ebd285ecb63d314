"""A study on an MLflow server: one run that its members name as their parent."""

from __future__ import annotations

import time
from typing import Final

from allcore.config_fields import setting_text
from allcore.errors import RunError, TrackingError
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import Status
from allcore.studies.plan import StudyPlan
from allcore.studies.store import Study
from allcore.tracking.counterpart import counterpart
from allcore.tracking.record import Mirrored, read_mirrored, write_mirrored
from allcore.tracking.server import MlflowRun, MlflowServer

STUDY_TAG: Final = "allscope.study"
_PARENT_TAG: Final = "allscope.parent"
_STATUS: Final = {"succeeded": "FINISHED", "failed": "FAILED", "cancelled": "KILLED", "interrupted": "KILLED"}


def mlflow_status(status: Status) -> str:
    """Return what a state is called by MLflow; a run that was stopped or interrupted can go on."""
    return "RUNNING" if status.state in ACTIVE else _STATUS[status.state]


def mirror_study(study: Study, server: MlflowServer, experiment: str) -> str:
    """Return the id of the run that stands for a study, made where it is missing, with the study's state told to it.

    One that was deleted on the server is made anew. '' where the study's folder is gone. What is damaged of it is not
    told. Raises `TrackingError` where the server fails, `OSError` from the disk.
    """
    if not study.folder.is_dir():
        return ""
    found = counterpart(
        study.folder, server, experiment, _PARENT_TAG, study.identity, lambda: _create(study, server, experiment)
    )
    record = read_mirrored(study.folder)
    if record is None or (record.server, record.run) != (server.address, found.id):
        record = Mirrored(server=server.address, experiment=experiment, run=found.id, artifacts=found.artifacts)
        write_mirrored(study.folder, record)
    if not record.described and (plan := _plan(study)) is not None:
        _describe(record.run, plan, server)
        record = record.model_copy(update={"described": True})
        write_mirrored(study.folder, record)
    status = _status(study)
    if status is not None and (told := mlflow_status(status)) != record.status:
        server.update(record.run, told, None if told == "RUNNING" else status.heartbeat)
        write_mirrored(study.folder, record.model_copy(update={"status": told}))
    return record.run


def study_is_behind(study: Study, record: Mirrored) -> bool:
    """Return whether a study that is mirrored has a state, or settings, that its server was not told."""
    status = _status(study)
    return not record.described or (status is not None and mlflow_status(status) != record.status)


def _describe(run: str, plan: StudyPlan, server: MlflowServer) -> None:
    """Tell the parameters, unless there are others: a server keeps the first, of a study that was extended say."""
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


def _create(study: Study, server: MlflowServer, experiment: str) -> MlflowRun:
    status = _status(study)
    began = time.time() if status is None else status.queued_at
    tags = {_PARENT_TAG: study.identity, "mlflow.source.name": "ALLscope"}
    return server.create_run(experiment, study.name, began, tags)
