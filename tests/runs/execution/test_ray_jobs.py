"""What Ray's words mean, and what stands in the way of a job, without a cluster; tests/cluster has a real one."""

import json
import re
import shlex
import socket

import pytest

from allcore.config import make_config
from allcore.errors import ConfigError, SchedulerError
from allcore.runs.execution.ray_jobs import RayExecutor, word_of_ray
from allcore.runs.folder.launches import Launch
from allcore.runs.folder.store import Run

DIED = (
    "Job supervisor actor died: The actor died unexpectedly before finishing this task.\n\tclass_name: JobSupervisor\n"
    "The actor died because its node has died."
)
LOGGED = "Job entrypoint command failed with exit code 1, last available logs (truncated to 20,000 chars):\nTraceback"


@pytest.mark.parametrize(
    ("job", "state", "said"),
    [
        ({"status": "PENDING", "message": "It may be waiting for resources"}, "waiting", "pending, It may be waiting"),
        ({"status": "RUNNING", "message": "Job is currently running."}, "running", "running"),
        ({"status": "STOPPED", "message": "Job was stopped"}, "over", "stopped with Ray's own commands"),
        ({"status": "SUCCEEDED"}, "over", "ended without the run"),
        (
            {"status": "FAILED", "message": LOGGED, "driver_exit_code": 1},
            "over",
            "end of its log says why .FAILED, Job",
        ),
        ({"status": "FAILED", "message": "exit code -9", "driver_exit_code": -9}, "over", "no memory left"),
        ({"status": "FAILED", "message": "exit code 137", "driver_exit_code": 137}, "over", "no memory left"),
        ({"status": "FAILED", "message": DIED, "error_type": "JOB_SUPERVISOR_ACTOR_DIED"}, "over", "machine was lost"),
        ({"status": "FAILED", "error_type": "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"}, "untried", "waited longer"),
        ({"status": "FAILED", "error_type": "JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE"}, "over", "no machine"),
        ({"status": "FAILED", "error_type": "SOMETHING_NEW", "message": "why"}, "over", "FAILED, why"),
    ],
)
def test_words_of_ray_say_whether_a_run_can_still_come_and_why_in_a_line(job, state, said):
    word = word_of_ray(job)
    assert word.state == state
    assert re.search(said, word.text)
    assert "\n" not in word.text


@pytest.mark.parametrize(("device", "devices", "gpus"), [("auto", 2, 1.0), ("cpu", 1, 0.0)])
def test_job_is_the_worker_itself_with_what_it_needs_of_a_machine(workspace, monkeypatch, device, devices, gpus):
    monkeypatch.setenv("KERAS_HOME", "/shared/keras")
    monkeypatch.setenv("AWS_SECRET", "a secret of this process")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://lab:p%40ss@tracking:5000")
    (workspace.root / "runs" / "a run").mkdir(parents=True)
    (workspace.root / "cluster.json").write_text('{"ray": {"cpus": 4, "gpus": 0.5, "memory": 1000}}')
    run = Run(workspace.runs / "a run")
    (run.folder / "config.json").write_text(make_config(dataset="x", device=device, devices=devices).to_json())
    job = RayExecutor(workspace).job(run, Launch(number=3, executor="ray"))
    assert (job["entrypoint_num_cpus"], job["entrypoint_num_gpus"], job["entrypoint_memory"]) == (4, gpus, 1000)
    output = str(run.folder / "worker.output")
    assert shlex.split(job["entrypoint"])[-7:] == ["worker", str(run.folder), "--launch", "3", ">>", output, "2>&1"]
    assert job["entrypoint"].startswith("exec ")  # no shell between Ray and the worker
    passed_on = job["runtime_env"]["env_vars"]
    assert passed_on["KERAS_HOME"] == "/shared/keras"
    assert passed_on["ALLCORE_WORKSPACE"] == str(workspace.root)
    assert "AWS_SECRET" not in passed_on
    assert passed_on["MLFLOW_TRACKING_URI"] == "http://tracking:5000"
    assert "p%40ss" not in json.dumps(job)  # which Ray's dashboard shows


@pytest.mark.parametrize("address", ["", "10.0.0.1:6379", "ray://head:10001", "auto", "http://h:abc", "http://[h"])
def test_address_that_is_not_a_dashboards_is_refused(workspace, monkeypatch, address):
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(ConfigError, match=r"RAY_ADDRESS: expected .* http://HOST:8265, received"):
        RayExecutor(workspace).check(make_config(dataset="smears"))


def test_password_of_an_address_that_is_refused_is_not_told(workspace, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "http://lab:p#ss@head:8265")
    with pytest.raises(ConfigError, match="'http://head:8265'") as refused:
        RayExecutor(workspace).check(make_config(dataset="smears"))
    assert "p#ss" not in str(refused.value)


def test_cluster_that_does_not_answer_is_said_before_a_run_is_made_and_changes_no_word(workspace, monkeypatch):
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RAY_ADDRESS", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(SchedulerError, match="does not answer"):
            RayExecutor(workspace).check(make_config(dataset="smears"))
        assert RayExecutor(workspace).words(["a-job"]) is None


def test_gpus_that_no_setting_grants_are_refused(workspace):
    with pytest.raises(ConfigError, match=r"ray\.gpus"):
        RayExecutor(workspace).check(make_config(dataset="smears", devices=2))
