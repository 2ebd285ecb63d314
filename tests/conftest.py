"""What several tests stand on: a drawn dataset, a workspace of its own, and one run that really finished."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from allcore.config import TrainConfig, make_config
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.runs.executor import LocalExecutor
from allcore.runs.status import ACTIVE, Status
from allcore.runs.store import Run
from allcore.runs.worker_lock import has_worker
from allcore.workspace import Workspace

TINY = {"image_size": 32, "head": "gap", "dense_units": 64, "batch_size": 8, "weights": "random", "learning_rate": 1e-4}
"""A configuration whose epochs take a second: the network's convolutions are the paper's, its head is small."""


@pytest.fixture(scope="session")
def smears(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of drawn smears, four classes of 16 images of 48 px; tests only read it."""
    folder = tmp_path_factory.mktemp("datasets") / "smears"
    write_dataset(folder, SyntheticSpec(images_per_class=16, image_size=48, twins=0.25))
    return folder


@pytest.fixture(scope="session")
def tiny_config(smears: Path) -> Callable[..., TrainConfig]:
    """Return a maker of tiny configurations for the drawn smears."""
    return lambda **fields: make_config(**{"dataset": str(smears), **TINY, "epochs": 2, **fields})


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return an empty workspace that the environment points to as well."""
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("ALLCORE_DATA_ROOTS", raising=False)
    return Workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., TrainConfig]) -> LocalExecutor:
    """Return an executor whose workspace holds exactly one run, trained by a real worker; tests only read it."""
    executor = LocalExecutor(Workspace(tmp_path_factory.mktemp("finished")))
    run = executor.submit(tiny_config(epochs=3, checkpoint_minutes=60))
    assert wait_for(run, lambda status: status.state not in ACTIVE).state == "succeeded", run.log_tail()
    while has_worker(run.folder):  # it removes its checkpoints
        time.sleep(0.05)
    return executor


@pytest.fixture(scope="session")
def finished_run(finished: LocalExecutor) -> Run:
    """Return the run that finished."""
    return finished.store.runs()[0]


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AbstractContextManager[None]]:
    """Return a context in which the disk is full for files whose path has a text: syncing them is what fails."""
    really = os.fsync

    @contextmanager
    def full(of: str) -> Iterator[None]:
        def fsync(descriptor: int) -> None:
            if of in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            really(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            yield

    return full


def wait_for(run: Run, reached: Callable[[Status], bool], seconds: float = 180.0) -> Status:
    """Return the run's status once it is as wanted, or fail with the worker's log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = run.status()
        if reached(status):
            return status
        if status.state not in ACTIVE:
            pytest.fail(f"run is {status.state}: {status.error}\n{run.log_tail()}")
        time.sleep(0.05)
    pytest.fail(f"run is still {run.status()} after {seconds} s\n{run.log_tail()}")
