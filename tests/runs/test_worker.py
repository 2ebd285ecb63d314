"""Real workers: a run that ends, one that is killed, stopped, resumed, queued, or fails."""

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from allcore.errors import RunError
from allcore.evaluation.shortcuts import BASELINES, cached_shortcuts_of_run
from allcore.runs.executor import LocalExecutor
from allcore.runs.status import ACTIVE, write_status
from allcore.workspace import Workspace
from tests.conftest import wait_for

EPOCHS = 3


@pytest.fixture
def executor(workspace, finished):
    """Return an executor that has the finished run's baselines and images in its cache; leave no worker of it behind.

    Each run has the same images and split, so that no worker but the first spends seconds on them.
    """
    shutil.copytree(finished.workspace.cache, workspace.cache)
    made = LocalExecutor(workspace)
    yield made
    for run in made.store.runs():
        if run.status().state in ACTIVE:
            made.stop(run, patience=5.0)


def ended(run):
    return wait_for(run, lambda status: status.state not in ACTIVE)


def in_epoch(epoch, step):
    return lambda status: (status.epoch, status.step) >= (epoch, step)


def comparable(history):
    """Return the columns that do not tell the time."""
    names = ["epoch", "step", "loss", "accuracy", "learning_rate"]
    return history.epochs[[*names, "validation_loss"]], history.batches[[*names, "checksum"]]


def assert_same_history(run, unbroken):
    for ours, theirs in zip(comparable(run.history()), comparable(unbroken.history()), strict=True):
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-4)


def test_finished_run_has_every_file(finished_run):
    names = {path.name for path in finished_run.folder.iterdir() if not path.name.startswith(".")}
    assert names - {"model.float32.onnx"} == {  # that one only where int8 is served
        "config.json", "environment.json", "split.csv", "status.json", "metrics.jsonl", "worker.log", "worker.output",
        "tensorboard", "model.keras", "model.onnx", "predictions.parquet", "features.npy",
    }  # fmt: skip


def test_finished_run_keeps_no_weights_but_those_of_its_models_and_says_of_which_epoch(finished_run):
    assert not (finished_run.folder / "checkpoints").exists()
    assert finished_run.status().served_epoch == finished_run.history().epochs["validation_loss"].idxmin()


def test_log_has_a_line_an_epoch_and_nothing_of_what_libraries_print(finished_run):
    lines = finished_run.log_tail(1000).splitlines()
    assert [line.split()[3] for line in lines if "validation loss" in line] == ["1:", "2:", "3:"]
    assert lines[-1].endswith("  succeeded")
    assert all(line[:4].isdigit() for line in lines)


def test_history_has_every_epoch_and_every_batch(finished_run):
    history = finished_run.history()
    steps = finished_run.status().steps_per_epoch
    assert list(history.epochs["epoch"]) == list(range(EPOCHS))
    assert list(history.batches["global_step"]) == list(range(1, EPOCHS * steps + 1))


def test_batch_losses_average_to_the_epochs(finished_run):
    history = finished_run.history()
    rows = finished_run.split.rows("train")
    sizes = np.minimum(8, len(rows) - 8 * (history.batches["step"] - 1))
    weighted = (history.batches["loss"] * sizes).groupby(history.batches["epoch"]).sum() / len(rows)
    np.testing.assert_allclose(weighted, history.epochs["loss"], rtol=1e-6)


def test_environment_names_versions_plan_weights_and_data(finished_run):
    environment = finished_run.environment()
    assert environment["weights"] == {"source": "random", "sha256": None}
    assert {"tensorflow", "keras", "numpy", "onnxruntime"} <= environment["packages"].keys()
    assert environment["plan"]["kind"] in ("cpu", "gpu")
    assert len(environment["dataset_fingerprint"]) == 64


def test_predictions_cover_validation_and_test(finished_run):
    table = finished_run.predictions()
    expected = finished_run.split.table.query("split != 'train'")
    assert list(table["path"]) == list(expected["path"])
    probabilities = table[[f"probability_{name}" for name in finished_run.split.classes]].to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
    assert (table["predicted"] == np.array(finished_run.split.classes)[probabilities.argmax(axis=1)]).all()


def test_features_are_of_every_row_of_the_split(finished_run):
    features = np.load(finished_run.folder / "features.npy", allow_pickle=False)
    assert features.shape == (len(finished_run.split.table), finished_run.config.dense_units)


def test_finished_run_has_its_shortcut_baselines_beside_it(finished, finished_run):
    kept = cached_shortcuts_of_run(finished_run, finished.workspace.cache)
    assert [result.name for result in kept] == [baseline.name for baseline in BASELINES]


def test_run_writes_nothing_but_its_own_folder(finished):
    names = {path.name for path in finished.workspace.runs.iterdir()}
    assert names == {finished.store.runs()[0].id, ".queue"}


def test_run_that_is_stopped_and_then_killed_resumes_to_the_history_of_an_unbroken_one(
    finished_run, executor, tiny_config
):
    run = executor.submit(tiny_config(epochs=EPOCHS, checkpoint_minutes=60))
    wait_for(run, in_epoch(0, 2))
    executor.stop(run)
    status = run.status()
    assert status.state == "cancelled"
    assert list((run.folder / "checkpoints").glob(f"000-{status.epoch:05d}-*"))
    executor.resume(run)
    os.kill(wait_for(run, in_epoch(1, 3)).pid, signal.SIGKILL)
    assert wait_for(run, lambda status: status.state == "interrupted", seconds=5).epoch == 1
    executor.resume(run)
    assert ended(run).state == "succeeded"
    assert set(run.history().batches["segment"]) == {0, 1, 2}
    pd.testing.assert_frame_equal(run.split.table, finished_run.split.table)
    assert_same_history(run, finished_run)


@pytest.fixture(scope="module")
def training(finished, tiny_config, tmp_path_factory):
    """Return an executor whose one run trains for long; one test after another makes use of it."""
    workspace = Workspace(tmp_path_factory.mktemp("training"))
    shutil.copytree(finished.workspace.cache, workspace.cache)
    executor = LocalExecutor(workspace)
    run = executor.submit(tiny_config(epochs=2000))
    wait_for(run, in_epoch(0, 1))
    yield executor
    if run.status().state in ACTIVE:
        executor.stop(run, patience=5.0)


def test_second_worker_for_the_same_run_is_refused(training):
    (run,) = training.store.runs()
    with pytest.raises(RunError, match="is running; only"):
        training.resume(run)
    status = run.status()
    training._launch(run)
    assert psutil.Process(run.status().pid).wait(timeout=60) == 2
    assert psutil.pid_exists(status.pid)
    write_status(run.folder, status)


def test_runs_take_turns_and_the_waiting_one_is_light(training, tiny_config):
    (first,) = training.store.runs()
    second, third = training.submit(tiny_config(epochs=2000)), training.submit(tiny_config(epochs=1))
    waiting = wait_for(second, lambda status: status.phase == "waiting for the device")
    libraries = [mapped.path for mapped in psutil.Process(waiting.pid).memory_maps()]
    assert not [path for path in libraries if "tensorflow" in path or "cv2" in path]
    assert psutil.Process(waiting.pid).memory_info().rss < 120e6
    training.stop(third)
    assert third.status().state == "cancelled"
    assert second.status().state == "queued"
    training.stop(first)
    wait_for(second, in_epoch(0, 1))
    training.stop(second)


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="claims what happens on a machine without a GPU")
def test_missing_gpu_fails_the_run_in_one_line(executor, tiny_config):
    run = executor.submit(tiny_config(device="gpu"))
    status = ended(run)
    assert status.state == "failed"
    assert "gpu was asked for" in status.error
    assert "\n" not in status.error


def test_status_file_is_json_for_other_tools(finished_run):
    fields = json.loads((finished_run.folder / "status.json").read_text())
    assert (fields["state"], fields["epoch"]) == ("succeeded", EPOCHS)
