"""A Slurm, an executor of a workspace that names it, and tiny runs; what is looked at on every cluster."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from allcore.config import TrainConfig
from allcore.runs.execution.choose_executor import open_executor
from allcore.runs.execution.executor import Executor
from allcore.runs.folder.launches import last_launch
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import Status
from allcore.runs.folder.store import Run
from allcore.studies.plan import make_plan
from allcore.studies.runner import run_study
from allcore.studies.store import StudyStore
from allcore.workspace import Workspace
from tests.cluster.one_node_slurm import OneNodeSlurm, missing
from tests.pages.opening import open_page, texts

SETTINGS = {"cpus": 1, "memory": "500M", "lines": ["export OMP_NUM_THREADS=1"]}
LONG = 5000
"""Epochs of a run that does not end by itself."""


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneNodeSlurm]:
    """Return a Slurm that runs, and that this process's commands speak to."""
    if missing() or os.geteuid():
        names = ", ".join(missing()) or "root"
        pytest.skip(f"NO SLURM: {names} is missing; install slurm-wlm, slurm-wlm-basic-plugins and munge")
    slurm = OneNodeSlurm(tmp_path_factory.mktemp("slurm"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in slurm.environment.items():
            patch.setenv(name, value)
        patch.delenv("ALLCORE_EXECUTOR", raising=False)
        try:
            slurm.start()
            yield slurm
        finally:
            slurm.stop()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cache of all workspaces, so that what baselines reach on the same images is found once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def new_workspace(tmp_path: Path, cache: Path) -> Workspace:
    """Return an empty workspace that no variable names."""
    workspace = Workspace(tmp_path / "workspace")
    workspace.root.mkdir()
    workspace.cache.symlink_to(cache, target_is_directory=True)
    return workspace


@pytest.fixture
def open_slurm(slurm: OneNodeSlurm, new_workspace: Workspace) -> Iterator[Callable[..., Executor]]:
    """Return what opens the executor of a new workspace, whose jobs have further settings; no job of it is left."""
    workspace = new_workspace

    def open_it(at_once: int = 8, **settings: object) -> Executor:
        said = {"executor": "slurm", "at_once": at_once, "slurm": SETTINGS | settings}
        (workspace.root / "cluster.json").write_text(json.dumps(said))
        return open_executor(workspace)

    yield open_it
    executor = open_executor(workspace)
    for run in executor.store.runs():
        if run.status().state in ACTIVE:
            executor.stop(run, patience=2.0)


@pytest.fixture
def tiny(tiny_config: Callable[..., TrainConfig]) -> Callable[..., TrainConfig]:
    """Return a maker of configurations whose epochs take half a second."""
    return lambda **fields: tiny_config(**{"optimizer": "sgd", "trainable_from": "block4_conv3", **fields})


def until(executor: Executor, run: Run, reached: Callable[[Status], object], seconds: float = 300.0) -> Status:
    """Return the run's status once it is as wanted, looked at as the app does."""
    deadline = time.monotonic() + seconds
    while not reached(status := executor.state(run)):
        assert time.monotonic() < deadline, f"{status}\n{run.log_tail()}\n{last_launch(run.folder)}"
        time.sleep(0.1)
    return status


@contextmanager
def paused(run: Run) -> Iterator[None]:
    """Let a run's worker rest while nobody waits for it: it would take a processor from what is waited for."""
    worker = psutil.Process(run.status().pid)
    worker.suspend()
    try:
        yield
    finally:
        worker.resume()


def page_of(executor: Executor, run: Run) -> str:
    """Return what the page Runs says of a run, in the workspace of its executor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALLCORE_WORKSPACE", str(executor.workspace.root))
        return texts(open_page("runs", run=run.id))


def assert_no_gap_and_no_repeat(run: Run) -> None:
    """Hold the run's steps to be numbered without a gap and without a repeat."""
    steps = run.history().batches["global_step"]
    assert len(steps)
    assert list(steps) == list(range(1, len(steps) + 1))


def assert_study_is_carried_out(executor: Executor, tiny: Callable[..., TrainConfig], seeds: tuple[int, ...]) -> None:
    """Hold a study of three folds to succeed, each of its members launched once."""
    config = tiny(epochs=1, split={"protocol": "grouped", "folds": 3})
    plan = make_plan(name="folds", config=config, folds=(1, 2, 3), seeds=seeds)
    study = StudyStore(executor.workspace.studies).create(plan)
    assert run_study(study.folder, executor) == 0, study.status().error
    runs = executor.store.runs()
    assert sorted(run.config.place for run in runs) == sorted(place.name for place in plan.places)
    assert {run.status().state for run in runs} == {"succeeded"}
    assert {(last.executor, last.number) for last in (last_launch(run.folder) for run in runs)} == {(executor.name, 1)}
