"""Mirroring a run, or a study, to an MLflow server: the folder is the truth, and what is new in it is sent.

Whatever is sent twice, after a crash say, stands there once: parameters and tags by nature, a metric by its time and
step, a run by the tag that names it.
"""

from __future__ import annotations

from typing import Final

from filelock import Timeout

from allcore.config import read_config
from allcore.config_fields import config_values, setting_text
from allcore.errors import RunError, TrackingError
from allcore.runs.folder.about import readable_about
from allcore.runs.folder.files import (
    CONFIG_FILE,
    ENVIRONMENT_FILE,
    LOG_FILE,
    METRICS_FILE,
    MIRRORING_LOCK,
    OUTPUT_FILE,
    PREDICTIONS_FILE,
    SERVED_FILE,
    SPLIT_FILE,
)
from allcore.runs.folder.status import Status
from allcore.runs.folder.store import Run
from allcore.runs.folder.worker_lock import lock_in
from allcore.studies.store import Study
from allcore.tracking.counterpart import counterpart
from allcore.tracking.metrics import new_metrics
from allcore.tracking.record import Mirrored, read_mirrored, write_mirrored
from allcore.tracking.server import Metric, MlflowRun, MlflowServer
from allcore.tracking.study import STUDY_TAG, mirror_study, mlflow_status
from allcore.workspace import Workspace

_RUN_TAG: Final = "allscope.run"
ARTIFACTS: Final = (
    CONFIG_FILE, ENVIRONMENT_FILE, SPLIT_FILE, METRICS_FILE, LOG_FILE, OUTPUT_FILE, PREDICTIONS_FILE, SERVED_FILE,
)  # fmt: skip
"""Without `model.keras`, which is as large as all of these and which `model.onnx` stands for."""


def is_behind(run: Run, record: Mirrored) -> bool:
    """Return whether something of a run that is at rest has not been sent. Raises `RunError` when it is damaged."""
    return record.status != mlflow_status(run.status()) or bool(_unsent(run, record))


def mirror(run: Run, server: MlflowServer, workspace: Workspace) -> Mirrored:
    """Send what is new of a run and return how far it is sent; while another process does, nothing happens.

    Where the run was deleted on the server, all of it is sent to a new one. Raises `TrackingError` where the server
    fails, `RunError` where the run is damaged or deleted, `OSError` from the disk.
    """
    former = read_mirrored(run.folder)
    try:
        with lock_in(run.folder, MIRRORING_LOCK):
            fresh = Mirrored(server=server.address)
            record = former if former is not None and former.server == server.address else fresh
            try:
                try:
                    return _Sending(run, server, workspace, record).send()
                except TrackingError as error:
                    if not (error.code and record.run) or server.has_run(record.run):
                        raise
                return _Sending(run, server, workspace, fresh).send()  # it was deleted there
            except (TrackingError, RunError) as error:
                present = read_mirrored(run.folder)
                known = present if present is not None and present.server == server.address else record
                write_mirrored(run.folder, known.model_copy(update={"problem": str(error)}))
                raise
    except Timeout:
        return former or Mirrored(server=server.address)


class _Sending:
    """One look at a run: each step records what it has sent before the next one begins."""

    def __init__(self, run: Run, server: MlflowServer, workspace: Workspace, record: Mirrored) -> None:
        self.run, self.server, self.workspace, self.record = run, server, workspace, record

    def send(self) -> Mirrored:
        status = self.run.status()
        told = mlflow_status(status)
        if not self.record.run:
            self._find_or_make(status)
        if not self.record.described:
            self._describe()
        self._send_metrics()
        if told != self.record.status:
            if told != "RUNNING":
                self._send_results(status)
            self.server.update(self.record.run, told, None if told == "RUNNING" else status.heartbeat)
            self._note(status=told)
        if told != "RUNNING":
            self._send_files()
        if self.record.problem:
            self._note(problem="")
        return self.record

    def _note(self, **changes: object) -> None:
        self.record = self.record.model_copy(update=changes)
        write_mirrored(self.run.folder, self.record)

    def _find_or_make(self, status: Status) -> None:
        experiment = self.server.experiment()
        found = counterpart(
            self.run.folder, self.server, experiment, _RUN_TAG, self.run.id, lambda: self._make(experiment, status)
        )
        self._note(experiment=experiment, run=found.id, artifacts=found.artifacts)

    def _make(self, experiment: str, status: Status) -> MlflowRun:
        tags = {_RUN_TAG: self.run.id, "mlflow.source.name": "ALLscope"}
        study = self.run.config.study
        if study is not None:
            tags |= {STUDY_TAG: study, "allscope.place": self.run.config.place or ""}
            parent = mirror_study(Study(self.workspace.studies / study), self.server, experiment)
            tags |= {"mlflow.parentRunId": parent} if parent else {}
        name = self.run.config.place or readable_about(self.run).name or self.run.id
        return self.server.create_run(experiment, name, status.started or status.queued_at, tags)

    def _describe(self) -> None:
        said = readable_about(self.run)
        recorded = read_config(self.run.folder / CONFIG_FILE)  # the run's own has the dataset by its present name
        tags = {"mlflow.note.content": said.note} if said.note else {}
        tags |= {"allscope.tags": ", ".join(said.tags)} if said.tags else {}
        parameters = {path: setting_text(value) for path, value in config_values(recorded).items()}
        self.server.log(self.record.run, parameters=parameters, tags=tags)
        self._note(described=True)

    def _send_metrics(self) -> None:
        record = self.record
        for some in new_metrics(self.run.folder / METRICS_FILE, record.offset, record.epoch, record.step):
            self.server.log(self.record.run, metrics=some.metrics)
            self._note(offset=some.offset, epoch=some.epoch, step=some.step)

    def _send_results(self, status: Status) -> None:
        """Send how a run ended, and how well its model does on images that it was not trained on."""
        if status.state == "succeeded":
            self.server.log(self.record.run, metrics=_accuracies(self.run, status))
        told = {"host": status.host, "device": status.device, "error": status.error}
        self.server.log(self.record.run, tags={f"allscope.{name}": text for name, text in told.items() if text})

    def _send_files(self) -> None:
        for name, version in _unsent(self.run, self.record).items():
            self.server.upload(MlflowRun(self.record.run, self.record.artifacts), self.run.folder / name, name)
            self._note(files={**self.record.files, name: version})


def _unsent(run: Run, record: Mirrored) -> dict[str, str]:
    """Return the artifacts that the server lacks, or has in an older version, with their size and time."""
    found: dict[str, str] = {}
    for name in ARTIFACTS:
        try:
            facts = (run.folder / name).stat()
        except OSError:
            continue
        version = f"{facts.st_size} {facts.st_mtime_ns}"
        if facts.st_size and record.files.get(name) != version:
            found[name] = version
    return found


def _accuracies(run: Run, status: Status) -> list[Metric]:
    """Return the served model's accuracy on the images of validation and test; nothing where they are lost."""
    from allcore.runs.folder.predictions import recorded_accuracy

    try:
        predictions = run.predictions()
        found = {part: recorded_accuracy(predictions, part) for part in ("validation", "test")}
    except (RunError, KeyError):
        return []
    moment, epoch = int(1000 * status.heartbeat), (status.served_epoch or 0) + 1
    return [Metric(f"served/{part}_accuracy", of, moment, epoch) for part, of in found.items() if of is not None]
