"""Runs as jobs of a Ray cluster, through the HTTP interface of its dashboard; Ray itself is not needed here."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from socket import gaierror
from typing import Any, ClassVar, Final
from urllib.parse import quote

from allcore.config import TrainConfig
from allcore.errors import ConfigError, SchedulerError
from allcore.runs.execution.cluster_settings import RaySettings, read_cluster
from allcore.runs.execution.executor import is_handed_over, worker_command, worker_environment
from allcore.runs.execution.mirroring import TRACKING_VARIABLE
from allcore.runs.execution.scheduled import ScheduledExecutor, Word
from allcore.runs.folder.files import OUTPUT_FILE
from allcore.runs.folder.launches import Launch
from allcore.runs.folder.store import Run
from allcore.web_address import split_address, without_user

_ADDRESS_VARIABLE: Final = "RAY_ADDRESS"
_TIMEOUT: Final = 30.0
_STOP_SECONDS: Final = 120
"""How long Ray waits between SIGTERM and SIGKILL, for a checkpoint to be saved; by itself three seconds."""
_PASSED_ON: Final = (TRACKING_VARIABLE, "MLFLOW_EXPERIMENT_NAME")

_ENDS: Final = {
    "STOPPED": "the job was stopped with Ray's own commands: resume the run",
    "SUCCEEDED": "the job has ended without the run",
    "FAILED": "the job has failed: the end of its log says why",
}
_WAITED_TOO_LONG: Final = "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"
_FAILURES: Final = {
    "JOB_SUPERVISOR_ACTOR_DIED": "its machine was lost: resume the run",
    "JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE": "no machine of the cluster has what the job asks for",
    _WAITED_TOO_LONG: "it waited longer than the cluster lets a job wait (RAY_JOB_START_TIMEOUT_SECONDS of its head)",
}
"""What became of a job that failed, by the type of the error that Ray gives."""
_KILLED: Final = (137, -9)
"""Exit codes of a process that SIGKILL ended, told by a shell and by Python."""


@dataclass(frozen=True)
class RayExecutor(ScheduledExecutor):
    """One job a run. A job that its machine or the cluster's head takes with it is not started again by Ray."""

    name: ClassVar[str] = "ray"

    @property
    def settings(self) -> RaySettings:
        """What jobs of this workspace take of the cluster."""
        return read_cluster(self.workspace.root).ray

    def check(self, config: TrainConfig) -> None:
        """Raise `ConfigError` where no cluster is named, or GPUs are asked for that no setting grants.

        Raises `SchedulerError` where the cluster does not answer.
        """
        if not self.settings.gpus and (config.device == "gpu" or config.devices > 1):
            raise ConfigError("a GPU is asked for; set ray.gpus to 1 in cluster.json of the workspace")
        try:
            _ask("GET", "/api/version")
        except (OSError, HTTPException) as error:
            raise SchedulerError(f"the Ray cluster that {_ADDRESS_VARIABLE} names does not answer ({error})") from None

    def can_ask(self) -> bool:
        """Return whether this process knows the address of a cluster's dashboard."""
        return split_address(os.environ.get(_ADDRESS_VARIABLE, "")) is not None

    def at(self) -> str:
        """Return the dashboard's host and port."""
        address = split_address(os.environ.get(_ADDRESS_VARIABLE, ""))
        return "" if address is None else f"{address.hostname}:{address.port or address.scheme}"

    def submit_job(self, run: Run, launch: Launch) -> str:
        """Return the name of a run's job, which a launch can have once, also where Ray's answer is lost.

        Raises `SchedulerError` when Ray refuses it.
        """
        job = self.job(run, launch)
        try:
            status, said = _ask("POST", "/api/jobs/", job)
        except (ConnectionRefusedError, gaierror, ConfigError) as error:
            raise SchedulerError(f"Ray cannot be asked to carry out run {run.id} ({error})") from None
        except (OSError, HTTPException):
            return str(job["submission_id"])
        if not isinstance(said, dict) or "submission_id" not in said:
            why = str(said).strip().splitlines()[-1:]  # of a traceback
            raise SchedulerError(
                f"Ray refuses run {run.id} (status {status}{''.join(f', {line:.300}' for line in why)})"
            )
        return str(said["submission_id"])

    def job(self, run: Run, launch: Launch) -> dict[str, Any]:
        """Return a run's job as Ray's interface takes it.

        What the worker prints goes to the run's folder, as everywhere: Ray keeps it on the machine that may be lost.
        The worker takes the place of the job's shell: where a machine's Ray dies it kills what it started itself, the
        shell alone say, and not what that started.
        """
        whole, settings = worker_environment(self.workspace), self.settings
        given = {name: value for name, value in whole.items() if is_handed_over(name) or name.startswith(_PASSED_ON)}
        if TRACKING_VARIABLE in given:  # Ray shows it to whoever can reach its dashboard
            given[TRACKING_VARIABLE] = without_user(given[TRACKING_VARIABLE])
        output = shlex.quote(str(run.folder / OUTPUT_FILE))
        return {
            "submission_id": f"{run.id}-{launch.number}",
            "entrypoint": f"exec {shlex.join(worker_command(run, launch))} >> {output} 2>&1",
            "entrypoint_num_cpus": settings.cpus,
            "entrypoint_num_gpus": settings.gpus * run.config.devices if run.config.device != "cpu" else 0.0,
            "entrypoint_memory": settings.memory or None,
            "runtime_env": {"env_vars": {**given, "RAY_JOB_STOP_WAIT_TIME_S": str(_STOP_SECONDS)}},
        }

    def words(self, jobs: Sequence[str]) -> dict[str, Word] | None:
        """Return what the cluster's head says of each job; it tells of all that it has at once."""
        try:
            _, said = _ask("GET", "/api/jobs/")
        except (OSError, HTTPException, ConfigError):
            return None
        if not isinstance(said, list):
            return None
        known = {job.get("submission_id"): job for job in said if isinstance(job, dict)}
        return {job: word_of_ray(known[job]) for job in jobs if job in known}

    def cancel(self, job: str, *, only_waiting: bool = False) -> None:
        """Have Ray end a job: it sends SIGTERM, and SIGKILL minutes later."""
        words = self.words([job]) if only_waiting else None
        if only_waiting and (words is None or words.get(job, Word("over", "")).state != "waiting"):
            return
        try:
            _ask("POST", f"/api/jobs/{quote(job)}/stop", {})
        except (OSError, HTTPException, ConfigError):
            return  # whoever stops it looks whether it has ended


def word_of_ray(job: dict[str, Any]) -> Word:
    """Return what the record of a job means for its run, and that in words."""
    status, message = str(job.get("status")), _short(str(job.get("message") or ""))
    if status not in _ENDS:
        waits = status == "PENDING"
        return Word("waiting", f"pending, {message}") if waits else Word("running", status.lower())
    if status == "FAILED" and job.get("driver_exit_code") in _KILLED:
        return Word("over", "the job was killed, most often because its machine had no memory left: give it more")
    error = str(job.get("error_type"))
    if reason := _FAILURES.get(error):
        return Word("untried" if error == _WAITED_TOO_LONG else "over", f"{reason} ({status})")
    return Word("over", f"{_ENDS[status]} ({status}{f', {message}' if message else ''})")


def _short(message: str) -> str:
    """Return the first line of a message, which may be followed by pages of a log."""
    return message.strip().partition("\n")[0][:300]


def _ask(method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Return the status and the answer of the cluster's dashboard, as JSON where it is. Raises `ConfigError`."""
    address = split_address(os.environ.get(_ADDRESS_VARIABLE, ""))
    if address is None or address.hostname is None:
        raise ConfigError(
            f"{_ADDRESS_VARIABLE}: expected the address of a cluster's dashboard, http://HOST:8265, received "
            f"{without_user(os.environ.get(_ADDRESS_VARIABLE, ''))!r:.100}"
        )
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = connect(address.hostname, address.port, timeout=_TIMEOUT)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, address.path.rstrip("/") + path, text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read().decode("utf-8", "replace")
    finally:
        connection.close()
    try:
        return answer.status, json.loads(said)
    except (ValueError, RecursionError):
        return answer.status, said
