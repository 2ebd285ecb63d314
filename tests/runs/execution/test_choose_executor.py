"""Who carries out new runs, and through whom a run is looked at that was launched by another one."""

import json
from typing import get_args

import pytest

from allcore.config import make_config
from allcore.errors import RunError
from allcore.runs.execution.ask_schedulers import SCHEDULERS
from allcore.runs.execution.choose_executor import executor_named, executor_of, open_executor, resume
from allcore.runs.execution.cluster_settings import ExecutorName
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.execution.slurm import SlurmExecutor
from allcore.runs.folder.launches import LOCAL, claim_launch, last_launch
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import RunStore
from tests.full_disks.test_every_step import SPLIT


@pytest.fixture
def run(workspace):
    """Return a run that Slurm was asked to carry out."""
    made = RunStore(workspace.runs).create(make_config(dataset="x"), SPLIT)
    claim_launch(made.folder, "slurm", None)
    return made


def test_executor_is_the_one_that_the_environment_or_the_workspace_names(workspace, monkeypatch):
    monkeypatch.delenv("ALLCORE_EXECUTOR", raising=False)
    assert isinstance(open_executor(workspace), LocalExecutor)
    workspace.root.mkdir()
    (workspace.root / "cluster.json").write_text(json.dumps({"executor": "slurm", "slurm": {"partition": "gpu"}}))
    assert open_executor(workspace).settings.partition == "gpu"
    monkeypatch.setenv("ALLCORE_EXECUTOR", "local")
    assert isinstance(open_executor(workspace), LocalExecutor)


def test_each_name_of_the_settings_is_an_executors_and_each_but_the_local_one_a_schedulers(workspace):
    names = get_args(ExecutorName)
    assert [executor_named(name, workspace).name for name in names] == list(names)
    assert set(names) == {LOCAL, *SCHEDULERS}


def test_run_of_an_executor_that_this_version_lacks_is_nobody_elses(workspace, run):
    claim_launch(run.folder, "kubernetes", last_launch(run.folder))
    with pytest.raises(RunError, match="no executor 'kubernetes'"):
        executor_of(run, workspace)


def test_run_that_another_executor_had_is_resumed_by_the_chosen_one_once_the_former_was_asked(
    workspace, run, monkeypatch
):
    monkeypatch.setattr("allcore.runs.execution.preflight.require_training", lambda: None)
    done = []

    def look(executor):
        done.append(("asked", executor.name))
        write_status(run.folder, run.status().model_copy(update={"state": "failed"}))

    monkeypatch.setattr(SlurmExecutor, "look", look)
    monkeypatch.setattr(LocalExecutor, "check", lambda *_: None)
    monkeypatch.setattr(LocalExecutor, "_launch", lambda _, run, launch: done.append(("launched", launch.executor)))
    resume(run, LocalExecutor(workspace))
    assert done == [("asked", "slurm"), ("launched", LOCAL)]
    assert executor_of(run, workspace).name == LOCAL
