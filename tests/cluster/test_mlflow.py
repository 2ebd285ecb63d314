"""Runs mirrored to a real MLflow server on SQLite: while they train, as a study, and after an outage."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from allcore.config import TrainConfig
from allcore.config_fields import config_values, setting_text
from allcore.installation import PROJECT
from allcore.runs.execution.executor import Executor, LocalExecutor
from allcore.runs.folder.files import OUTPUT_FILE
from allcore.runs.folder.launches import last_launch
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.store import Run
from allcore.studies.launch import start_study
from allcore.studies.plan import make_plan
from allcore.studies.store import StudyStore
from allcore.tracking.mirror import ARTIFACTS
from allcore.workspace import Workspace
from tests.cli.conftest import call
from tests.cluster.conftest import until as until_run
from tests.conftest import wait_for

PROGRAM = shutil.which("mlflow", path=f"{PROJECT}/.venv/mlflow/bin:{os.environ['PATH']}")


class RealServer:
    """An MLflow server on SQLite in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            str(PROGRAM), "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
            "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db", "--artifacts-destination",
            str(self.folder / "artifacts"),
        ]  # fmt: skip
        # the processes of its own jobs, nine of them, would take a third of a processor, and nothing here asks for any
        without_jobs = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, env=without_jobs, start_new_session=True
            )
        deadline = time.monotonic() + 300
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "server.log").read_text()[-3000:]
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, 15)
            self.process.wait(60)
            self.process = None

    def ask(self, name: str, **asked: object) -> dict[str, Any]:
        """Return the answer of the REST interface, asked without anything of ours."""
        with urlopen(f"{self.address}/api/2.0/mlflow/{name}?{urlencode(asked)}", timeout=60) as answer:
            return dict(json.load(answer))

    def runs(self) -> list[dict[str, Any]]:
        """Return all runs of our experiment, those that began first first."""
        found = self.ask("experiments/get-by-name", experiment_name="ALLscope")
        asked = {"experiment_ids": [found["experiment"]["experiment_id"]], "order_by": ["attributes.start_time ASC"]}
        address, as_json = f"{self.address}/api/2.0/mlflow/runs/search", {"Content-Type": "application/json"}
        with urlopen(Request(address, json.dumps(asked).encode(), as_json), timeout=60) as answer:
            return list(json.load(answer).get("runs", []))

    def run_of(self, run: Run) -> dict[str, Any] | None:
        """Return the run that mirrors a run of ours."""
        return next((one for one in self.runs() if tags(one).get("allscope.run") == run.id), None)

    def steps(self, one: dict[str, Any], key: str) -> dict[int, float]:
        """Return a metric's values by their steps; a step that stands there twice fails."""
        found = self.ask("metrics/get-history", run_id=one["info"]["run_id"], metric_key=key).get("metrics", [])
        values = {int(metric.get("step", 0)): float(metric["value"]) for metric in found}
        assert len(values) == len(found)
        return values

    def files(self, one: dict[str, Any]) -> dict[str, int]:
        """Return the artifacts of a run with their bytes."""
        found = self.ask("artifacts/list", run_id=one["info"]["run_id"]).get("files", [])
        return {file["path"]: int(file["file_size"]) for file in found}

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.address}/health", timeout=5):
                return True
        except (URLError, OSError):
            return False


def tags(one: dict[str, Any]) -> dict[str, str]:
    """Return a run's tags by their keys."""
    return {tag["key"]: tag["value"] for tag in one["data"].get("tags", [])}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """Return a server that runs."""
    if PROGRAM is None:
        pytest.skip("NO MLFLOW: python3 -m venv .venv/mlflow && .venv/mlflow/bin/pip install mlflow")
    server = RealServer(tmp_path_factory.mktemp("mlflow"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def mirrored(server: RealServer, new_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a workspace whose runs are mirrored."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    monkeypatch.delenv("ALLCORE_EXECUTOR", raising=False)
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(new_workspace.root))
    monkeypatch.delenv("ALLCORE_DATA_ROOTS", raising=False)
    return new_workspace


def until(reached: Callable[[], object], seconds: float = 300.0) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def trained(workspace: Workspace, config: TrainConfig) -> Run:
    """Return a run that has succeeded."""
    run = LocalExecutor(workspace).submit(config)
    wait_for(run, lambda status: status.state not in ACTIVE)
    assert run.status().state == "succeeded", run.log_tail()
    return run


def assert_whole(server: RealServer, run: Run) -> None:
    """Hold the server to have all of a run, each value once, and each file as it is."""
    one = server.run_of(run)
    assert one is not None
    assert one["info"]["status"] == "FINISHED"
    parameters = {each["key"]: each["value"] for each in one["data"]["params"]}
    assert parameters == {path: setting_text(value) for path, value in config_values(run.config).items()}
    history = run.history()
    losses = dict(zip(history.batches["global_step"], history.batches["loss"], strict=True))
    assert server.steps(one, "batch/loss") == pytest.approx(losses)
    scores = dict(enumerate(history.epochs["validation_accuracy"], start=1))
    assert server.steps(one, "validation_accuracy") == pytest.approx(scores)
    there = {name: (run.folder / name).stat().st_size for name in ARTIFACTS if (run.folder / name).exists()}
    assert server.files(one) == {name: size for name, size in there.items() if size}


def test_a_study_is_mirrored_while_it_goes_on_with_its_members_below_it(
    server: RealServer, mirrored: Workspace, tiny_config: Callable[..., TrainConfig]
) -> None:
    config = tiny_config(epochs=1)
    plan = make_plan(name="twice", config=config, seeds=(0, 1), folds=[], vary={})
    study = StudyStore(mirrored.studies).create(plan)
    start_study(study, mirrored)
    until(lambda: study.status().state not in ACTIVE)
    assert study.status().state == "succeeded", study.status()
    members = list(study.members(LocalExecutor(mirrored).store.runs()).values())

    def all_there() -> bool:
        found = server.runs()
        ends = [one["info"]["status"] for one in found]
        return ends == ["FINISHED"] * 3 and all(len(server.files(server.run_of(run))) > 5 for run in members)

    until(all_there)
    (parent,) = [one for one in server.runs() if "allscope.parent" in tags(one)]
    for run in members:
        assert_whole(server, run)
        assert tags(server.run_of(run))["mlflow.parentRunId"] == parent["info"]["run_id"]


def test_a_run_under_an_outage_succeeds_and_is_caught_up_with_once(
    server: RealServer, mirrored: Workspace, tiny_config: Callable[..., TrainConfig]
) -> None:
    server.stop()
    run = trained(mirrored, tiny_config(epochs=2))
    said = (run.folder / OUTPUT_FILE).read_text()
    assert said.count("does not answer") == 1
    assert call(mirrored.root, "mlflow", "sync").code == 2
    server.start()
    until(lambda: call(mirrored.root, "mlflow", "sync").code == 0)
    until(lambda: server.run_of(run) is not None and server.run_of(run)["info"]["status"] == "FINISHED")
    (run.folder / "mlflow.json").unlink()  # all is sent a second time, and stands there once
    assert call(mirrored.root, "mlflow", "sync").code == 0
    assert_whole(server, run)
    assert len([one for one in server.runs() if tags(one).get("allscope.run") == run.id]) == 1


def test_a_job_of_slurm_is_mirrored_before_it_ends(
    server: RealServer,
    open_slurm: Callable[..., Executor],
    tiny: Callable[..., TrainConfig],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    executor = open_slurm()
    run = executor.submit(tiny(epochs=1))
    until_run(executor, run, lambda status: status.state not in ACTIVE)

    def job_is_over() -> bool:
        executor.look()
        return last_launch(run.folder).state == "over"

    until(job_is_over)
    assert_whole(server, run)
