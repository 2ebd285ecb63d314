"""A run that was broken off goes on where it was, on the machine and the weights that it then has."""

import hashlib
import json
import os
import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from allcore.config import make_config
from allcore.errors import DatasetError, WeightsError
from allcore.hardware import Devices, Gpu, plan_hardware
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.execution.preflight import prepare
from allcore.runs.execution.stop_signal import StopSignal
from allcore.runs.folder.files import CHECKPOINTS_FOLDER
from allcore.runs.folder.process import own_identity
from allcore.runs.folder.status import Status, write_status
from allcore.runs.folder.store import Run, RunStore
from allcore.training import session
from allcore.training.finish import results_are_whole
from allcore.training.loop import Stopped
from allcore.training.worker import run_worker
from allcore.workspace import Workspace
from tests.conftest import wait_for
from tests.training.carrying_out import carried_out, records


def in_epoch(epoch, step):
    return lambda status: (status.epoch, status.step) >= (epoch, step)


@dataclass
class Broken:
    """What became of a run that was killed, stopped as it trained, and stopped as its results were written."""

    run: Run
    killed: Status
    checkpoints: list[str]
    records: list[list[dict[str, Any]]]
    outcomes: list[tuple[bool, list[str]]]
    whole: list[bool]


@pytest.fixture(scope="module")
def broken(finished, tiny_config, tmp_path_factory):
    """Let a run be killed in its second epoch, stopped in its third, then stopped among its results, then end."""
    workspace = Workspace(tmp_path_factory.mktemp("broken"))
    shutil.copytree(finished.workspace.cache, workspace.cache)
    executor = LocalExecutor(workspace)
    run = executor.submit(tiny_config(epochs=3, checkpoint_minutes=60))
    os.kill(wait_for(run, in_epoch(1, 3)).pid, signal.SIGKILL)
    made = Broken(run, wait_for(run, lambda status: status.state == "interrupted"), [], [], [], [])
    ends = in_epoch(2, 3), lambda status: status.phase.startswith("predicting, 4 of"), lambda status: False
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALLCORE_WORKSPACE", str(workspace.root))
        for segment, end in enumerate(ends, start=1):
            made.outcomes.append(carried_out(run, segment, end))
            made.records.append(records(run))
            made.whole.append(results_are_whole(run))
            made.checkpoints += [path.name for path in (run.folder / CHECKPOINTS_FOLDER).glob("[0-9]*")]
    return made


def comparable(history):
    """Return the columns that do not tell the time."""
    names = ["epoch", "step", "loss", "accuracy", "learning_rate"]
    return history.epochs[[*names, "validation_loss"]], history.batches[[*names, "checksum"]]


def test_run_that_is_killed_and_then_stopped_resumes_to_the_history_of_an_unbroken_one(broken, finished_run):
    assert broken.killed.epoch == 1
    assert "001-00002-000003" in broken.checkpoints
    assert set(broken.run.history().batches["segment"]) == {0, 1, 2}
    pd.testing.assert_frame_equal(broken.run.split.table, finished_run.split.table)
    for ours, theirs in zip(comparable(broken.run.history()), comparable(finished_run.history()), strict=True):
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-4)


def test_run_stopped_while_its_results_are_written_goes_on_with_them_and_trains_nothing(broken):
    assert [finished for finished, _ in broken.outcomes] == [False, False, True]
    assert broken.whole == [False, False, True]
    _, trained, ended = broken.records
    assert [record["kind"] for record in ended[len(trained) :]] == ["segment"]
    assert "training" not in broken.outcomes[-1][1]
    assert (broken.run.folder / CHECKPOINTS_FOLDER).is_dir()  # they go last, after the state that says so


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="claims what happens on a machine without a GPU")
def test_missing_gpu_fails_the_run_in_one_line(workspace, tiny_config, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    run = RunStore(workspace.runs).create(*prepare(tiny_config(device="gpu"), workspace.cache))
    pid, started = own_identity()
    write_status(run.folder, run.status().model_copy(update={"pid": pid, "process_started": started}))
    assert run_worker(run.folder) == 1
    status = run.status()
    assert status.state == "failed"
    assert "gpu was asked for" in status.error
    assert "\n" not in status.error


@pytest.fixture
def not_compiled():
    """Let steps be taken as they are written: to compile one takes longer than to take a few."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("not_compiled")
def test_initial_weights_are_those_that_the_run_began_with_and_are_not_needed_once_there_is_a_checkpoint(
    workspace, tiny_config, tmp_path
):
    file = tmp_path / "vgg16.weights.h5"
    keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(file)
    whole = file.read_bytes()
    run = RunStore(workspace.runs).create(*prepare(tiny_config(weights=str(file)), workspace.cache))
    carried_out(run, 0, in_epoch(0, 1))
    began = {"source": file.name, "sha256": hashlib.sha256(whole).hexdigest()}
    assert run.environment()["weights"] == began
    file.unlink()
    carried_out(run, 1, in_epoch(0, 2))
    assert [record["step"] for record in records(run) if record["kind"] == "batch"] == [1, 2]
    file.write_bytes(whole + b"another")
    carried_out(run, 2, in_epoch(0, 3))
    assert run.environment()["weights"] == began
    shutil.rmtree(run.folder / CHECKPOINTS_FOLDER)
    with pytest.raises(WeightsError, match=rf"began with the weights of {file.name}, SHA-256 {began['sha256']}"):
        carried_out(run, 3)
    assert run.environment()["weights"] == began


A100, T4 = Gpu("A100", (8, 0), 40 * 2**30), Gpu("T4", (7, 5), 3 * 2**30)
LARGE, SMALL = (Devices(cores=8, cpu_bfloat16=True, memory=memory * 2**30) for memory in (40, 3))
AVX2 = Devices(cores=2, cpu_bfloat16=False, memory=40 * 2**30, cpu_avx2_alone=True)


@pytest.mark.parametrize(
    ("fields", "before", "now", "description", "images", "products", "warnings"),
    [
        ({}, LARGE, replace(LARGE, cores=4), "CPU, 4 cores, mixed_bfloat16", 32, False, 0),
        ({}, LARGE, SMALL, "CPU, 8 cores, mixed_bfloat16", 8, False, 0),
        ({}, SMALL, LARGE, "CPU, 8 cores, mixed_bfloat16", 8, False, 0),
        ({}, replace(LARGE, gpus=(A100,)), replace(LARGE, gpus=(T4,)), "T4, mixed_bfloat16", 8, False, 1),
        ({}, replace(LARGE, gpus=(T4,)), replace(LARGE, gpus=(A100,)), "A100, mixed_float16", 8, False, 1),
        ({}, replace(LARGE, gpus=(A100,)), AVX2, "CPU, 2 cores, mixed_bfloat16", 32, False, 1),
        ({}, replace(AVX2, cpu_avx2_alone=False), AVX2, "CPU, 2 cores, float32", 32, True, 0),
        ({"network": "resnet50"}, LARGE, SMALL, "CPU, 8 cores, mixed_bfloat16", 32, False, 0),
    ],
)
def test_resumed_run_has_the_plan_of_its_new_machine_and_steps_as_before(
    workspace, finished_run, monkeypatch, fields, before, now, description, images, products, warnings
):
    config, classes, warned = make_config(dataset="x", **fields), len(finished_run.split.classes), []
    run = RunStore(workspace.runs).create(config, finished_run.split)
    first = plan_hardware(config, classes, before)
    (run.folder / "environment.json").write_text(json.dumps({"plan": first.to_json()}))
    monkeypatch.setattr(session, "tensorflow_devices", lambda: now)
    plan = session._plan(run, warned.append)
    assert (plan.kind, plan.replicas, plan.jit) == ("gpu" if now.gpus else "cpu", 1, bool(now.gpus))
    assert (plan.description, plan.precision) == (description, first.precision)
    assert (plan.micro_batch_size, plan.kernel_products) == (images, products)
    assert len(warned) == warnings


@pytest.mark.parametrize(
    ("fields", "images"),
    [
        ({"network": "resnet50"}, 4),
        ({"network": "resnet50", "micro_batch_size": 4}, None),
        ({"network": "resnet50", "batch_size": 4}, None),
        ({"network": "vgg16"}, None),
    ],
)
def test_a_run_says_where_memory_decides_over_how_many_images_it_normalises(
    workspace, finished_run, monkeypatch, fields, images
):
    run, warned = RunStore(workspace.runs).create(make_config(dataset="x", **fields), finished_run.split), []
    monkeypatch.setattr(session, "tensorflow_devices", lambda: Devices(cores=2, cpu_bfloat16=False, memory=8 * 2**30))
    for _ in ("begun", "resumed"):
        plan = session._plan(run, warned.append)
        (run.folder / "environment.json").write_text(json.dumps({"plan": plan.to_json()}))
    assert plan.micro_batch_size < 32
    if images is None:
        assert not warned
    else:
        assert warned[0].startswith(f"ResNet50 normalises {images} images at a time instead of the whole batch of 32")
        assert warned == [warned[0]] * 2


def test_balanced_classes_are_weighed_by_the_images_that_are_trained_on(
    workspace, finished_run, tiny_config, monkeypatch
):
    table = finished_run.split.table.copy()
    first = (table["label"] == finished_run.split.classes[0]) & (table["split"] == "train")
    table.loc[table.index[first][2:], "split"] = "test"
    split, given = replace(finished_run.split, table=table), []
    counts = split.counts()["train"].to_numpy()

    def learner(config, plan, classes, class_weights):
        given.append(class_weights)
        raise Stopped

    monkeypatch.setattr(session, "Learner", learner)
    for class_weights in ("balanced", "none"):
        carried_out(RunStore(workspace.runs).create(tiny_config(class_weights=class_weights), split))
    np.testing.assert_allclose(given[0], counts.sum() / (4 * counts), rtol=1e-6)
    assert counts[0] == 2
    assert given[1] is None


def test_dataset_changed_since_submission_is_named(workspace, tiny_config, smears, tmp_path):
    copy = shutil.copytree(smears, tmp_path / "copy")
    run = RunStore(workspace.runs).create(*prepare(tiny_config(dataset=str(copy)), workspace.cache))
    path = run.split.table["path"].iloc[0]
    (copy / path).unlink()
    with pytest.raises(DatasetError, match=rf"1 of the \d+ images of run .* are missing or changed in .*{path}"):
        carried_out(run)


def test_folder_that_is_deleted_under_its_worker_stops_it_and_one_that_cannot_be_asked_does_not(tmp_path, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    folder = tmp_path / "run"
    folder.mkdir()
    stop = StopSignal(folder)
    assert not stop()
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.stat", lambda path, **_: (_ for _ in ()).throw(OSError(116, "Stale file handle")))
        assert not stop()
    folder.rmdir()
    assert stop()


def test_cells_are_found_with_progress_where_the_recipe_changes_fields(
    finished_run, tiny_config, tmp_path, monkeypatch
):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(tmp_path))
    config = tiny_config(augment={"plain_field": 0.5})
    run = RunStore(tmp_path / "runs").create(config, finished_run.split)
    rows, images = session._open_images(run, lambda phase: None)
    phases = []
    cells = session._find_cells(run, rows, images, phases.append)
    assert len(cells.counts()) == len(finished_run.split.table)
    assert phases[-1] == "finding cells, 64 of 64 images"
    assert session._find_cells(finished_run, rows, images, phases.append) is None
