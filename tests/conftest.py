"""What several tests stand on: a drawn dataset, a workspace of its own, and one run that really finished."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from allcore.cells.found_once import finder_that_remembers
from allcore.config import TrainConfig, make_config
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.evaluation.scoring.intervals import bootstrap_multiplicities
from allcore.hardware import set_before_tensorflow
from allcore.runs.execution.devices import devices_here
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.execution.lease import lock_file
from allcore.runs.folder.files import QUEUE_FOLDER
from allcore.runs.folder.launches import claim_launch, last_launch, record_launch
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import Status
from allcore.runs.folder.store import Run
from allcore.runs.folder.worker_lock import has_worker
from allcore.workspace import Workspace
from tests.copies import shared_files
from tests.little_work import few_resamples, opener_that_remembers
from tests.selection import (  # noqa: F401 - pytest finds its hooks here
    pytest_addoption,
    pytest_collection,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_ignore_collect,
    pytest_xdist_make_scheduler,
)

set_before_tensorflow()  # so that what is trained in a test's own process is trained as in a worker's

TINY = {
    "image_size": 32, "head": "gap", "dense_units": 64, "batch_size": 8, "weights": "random", "learning_rate": 1e-4,
    "trainable_from": "block4_conv3",
}  # fmt: skip
"""A configuration whose epochs take a second: the network is the paper's, its head is small and little of it learns."""


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Return a maker of folders that stand once a session, whichever of its processes needs them first."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def once(name: str, fill: Callable[[Path], object]) -> Path:
        folder, whole = shared / name, shared / f"{name}.whole"
        with FileLock(shared / f"{name}.lock"):
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                whole.touch()
        return folder

    return once


@pytest.fixture(scope="session", autouse=True)
def little_work() -> Iterator[None]:
    """Let what a test does not look at cost little, whichever test it is.

    Baselines grow 30 trees instead of 300: a tree costs a millisecond or two whatever it learns from. The cells of the
    same few drawn images are found once, intervals come from a tenth of the resamples, but where they are tested, and a
    model that was opened stays open for who opens it next.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("allcore.evaluation.shortcuts.registry.TREES", 30)
        patch.setattr("allcore.cells.morphology.find_cells", finder_that_remembers())
        patch.setattr("allcore.evaluation.scoring.intervals.bootstrap_multiplicities", few_resamples)
        patch.setattr("allcore.inference.predictor.open_network", opener_that_remembers())
        yield


@pytest.fixture
def all_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw as many resamples as are asked for."""
    monkeypatch.setattr("allcore.evaluation.scoring.intervals.bootstrap_multiplicities", bootstrap_multiplicities)


@pytest.fixture(scope="session")
def smears(made_once: Callable[..., Path]) -> Path:
    """Return a folder of drawn smears, four classes of 16 images of 48 px; tests only read it."""
    spec = SyntheticSpec(images_per_class=16, image_size=48, twins=0.25)
    return made_once("datasets", lambda folder: write_dataset(folder / "smears", spec)) / "smears"


@pytest.fixture(scope="session")
def smears_in_parts(smears: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the drawn smears divided into training/, val/ and test/, 10, 3 and 3 a class; tests only read it.

    The first Pro image of test/ is one of training/ as well.
    """
    folder = tmp_path_factory.mktemp("divided") / "smears"
    for label in sorted(smears.iterdir()):
        for number, image in enumerate(sorted(label.iterdir())):
            part = "training" if number < 10 else "val" if number < 13 else "test"
            target = folder / part / label.name / image.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(image, target)
    shutil.copy(next((folder / "training" / "Pro").iterdir()), sorted((folder / "test" / "Pro").iterdir())[0])
    return folder


@pytest.fixture(scope="session")
def tiny_config(smears: Path) -> Callable[..., TrainConfig]:
    """Return a maker of tiny configurations for the drawn smears."""

    def tiny(**fields: Any) -> TrainConfig:
        of_vgg16 = {"trainable_from"} if "network" in fields else set()
        common = {name: value for name, value in TINY.items() if name not in of_vgg16}
        return make_config(**{"dataset": str(smears), **common, "epochs": 2, **fields})

    return tiny


@pytest.fixture(scope="session")
def groups_of(smears: Path) -> Callable[[Path], str]:
    """Return a writer of a table in which each of the drawn smears is a patient's only one; it returns the path."""

    def write(file: Path) -> str:
        paths = sorted(path.relative_to(smears).as_posix() for path in smears.glob("*/*"))
        file.write_text("\n".join(["file,patient", *(f"{path},{path}" for path in paths)]))
        return str(file)

    return write


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return an empty workspace that the environment points to as well."""
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("ALLCORE_DATA_ROOTS", raising=False)
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def lost_by_slurm(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Run], None]:
    """Return what makes a run one of Slurm, which says that its job ended out of memory; new runs are local."""
    squeue = tmp_path / "slurm" / "squeue"
    squeue.parent.mkdir()
    squeue.write_text("#!/bin/sh\necho '7|OUT_OF_MEMORY|OutOfMemory'\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{squeue.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("ALLCORE_EXECUTOR", "local")

    def lose(run: Run) -> None:
        launch = claim_launch(run.folder, "slurm", last_launch(run.folder))
        record_launch(run.folder, launch.model_copy(update={"job": "7", "state": "running"}))
        mark = workspace.runs / QUEUE_FOLDER / "slurm" / run.id
        mark.parent.mkdir(parents=True)
        mark.touch()

    return lose


@contextmanager
def device_taken(workspace: Workspace) -> Iterator[None]:
    """Hold the devices of a workspace, so that its workers wait for them, light and without TensorFlow."""
    queue = workspace.runs / QUEUE_FOLDER
    queue.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        for device in devices_here():
            held.enter_context(FileLock(lock_file(queue, device)))
        yield


@pytest.fixture(scope="session")
def finished(made_once: Callable[..., Path], tiny_config: Callable[..., TrainConfig]) -> LocalExecutor:
    """Return an executor whose workspace holds exactly one run, trained by a real worker; tests only read it."""

    def train(folder: Path) -> None:
        executor = LocalExecutor(Workspace(folder))
        run = executor.submit(tiny_config(epochs=3, checkpoint_minutes=60))
        try:
            assert wait_for(run, lambda status: status.state not in ACTIVE).state == "succeeded", run.log_tail()
        finally:
            if run.status().state in ACTIVE:
                executor.stop(run, patience=0.5)
        while has_worker(run.folder):  # it removes its checkpoints
            time.sleep(0.05)

    return LocalExecutor(Workspace(made_once("finished", train)))


@pytest.fixture
def idle_process() -> Iterator[subprocess.Popen[bytes]]:
    """Return a process of which a status can say that it is a worker: it does nothing until it is ended."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process
        process.kill()


@pytest.fixture
def launched(workspace: Workspace) -> Iterator[Callable[[], list[Run]]]:
    """Return a reader of the runs that were launched, and leave no worker of theirs behind."""
    executor = LocalExecutor(workspace)
    yield executor.store.runs
    for run in executor.store.runs():
        if run.status().state in ACTIVE:
            executor.stop(run, patience=0.5)


@pytest.fixture(scope="session")
def finished_run(finished: LocalExecutor) -> Iterator[Run]:
    """Return the run that finished."""
    run = finished.store.runs()[0]
    before = shared_files(run)
    yield run
    assert shared_files(run) == before, "a test wrote to a file that its copy of the run shares: remove it first"


@pytest.fixture
def photographed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the drawn smears pass for photographs, which may stand beside the paper."""
    for module in ("evaluation.predictions.recorded", "reporting.report.known_data"):
        monkeypatch.setattr(f"allcore.{module}.known_images", lambda paths: None)


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AbstractContextManager[None]]:
    """Return a context in which the disk is full for files whose path has a text: syncing or touching them fails."""
    sync, touch = os.fsync, Path.touch

    @contextmanager
    def full(of: str) -> Iterator[None]:
        def refuse(path: Path) -> None:
            if of in str(path):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def fsync(descriptor: int) -> None:
            refuse(Path(f"/proc/self/fd/{descriptor}").readlink())
            sync(descriptor)

        def touched(path: Path) -> None:
            refuse(path)
            touch(path)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            patch.setattr(Path, "touch", touched)
            yield

    return full


def wait_for(run: Run, reached: Callable[[Status], bool], seconds: float = 600.0) -> Status:
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
