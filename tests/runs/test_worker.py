"""Real workers: what a run that ended leaves, and runs that wait for the device.

How one goes on that was killed or stopped: tests/training/test_session.py.
"""

import json
import subprocess
import time

import numpy as np
import psutil
import pytest

from allcore.errors import RunError
from allcore.evaluation.shortcuts import BASELINES, cached_shortcuts_of_run
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.execution.lease import waiting
from allcore.runs.folder.launches import claim_launch, last_launch
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.worker_lock import has_worker
from allcore.training.worker import run_worker
from tests.conftest import device_taken, wait_for

EPOCHS = 3


def test_finished_run_has_every_file(finished_run):
    names = {path.name for path in finished_run.folder.iterdir() if not path.name.startswith(".")}
    assert names - {"model.float32.onnx"} == {  # that one only where int8 is served
        "config.json", "environment.json", "split.csv", "status.json", "metrics.jsonl", "worker.log", "worker.output",
        "launches", "tensorboard", "model.keras", "model.onnx", "predictions.parquet", "features.npy",
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


@pytest.fixture
def executor(workspace):
    """Return an executor on an empty workspace, and leave no worker of it behind."""
    made = LocalExecutor(workspace)
    yield made
    for run in made.store.runs():
        if run.status().state in ACTIVE:
            made.stop(run, patience=0.1)


def waits(status):
    return status.phase == "waiting for the device"


def has_the_device(run):
    deadline = time.monotonic() + 60
    while run.id in waiting(run.folder.parent):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return run.status().state in ACTIVE


def test_runs_take_turns_and_the_waiting_ones_are_light(executor, tiny_config):
    with device_taken(executor.workspace):
        first, second, third = (executor.submit(tiny_config(epochs=2000)) for _ in range(3))
        for run in (first, second, third):
            worker = psutil.Process(wait_for(run, waits).pid)
            libraries = [mapped.path for mapped in worker.memory_maps()]
            assert not [path for path in libraries if "tensorflow" in path or "cv2" in path]
            assert worker.memory_info().rss < 120e6
        executor.stop(third)
        assert third.status().state == "cancelled"
    assert has_the_device(first)
    assert waiting(executor.workspace.runs) == {second.id: 0}
    executor.stop(first, patience=0.1)
    assert has_the_device(second)


def test_run_that_is_launched_again_is_the_new_workers_and_nobody_elses(executor, tiny_config, capsys, monkeypatch):
    monkeypatch.setattr(subprocess, "_cleanup", lambda: None)  # it would take the exit status at the next start of any
    with device_taken(executor.workspace):
        run = executor.submit(tiny_config(epochs=2000))
        first = psutil.Process(wait_for(run, waits).pid)
        with pytest.raises(RunError, match="is queued; only"):
            executor.resume(run)
        # as where it was taken for lost, and lives on
        executor._launch(run, claim_launch(run.folder, "local", last_launch(run.folder)))
        assert first.wait(timeout=60) == 2
        wait_for(run, lambda _: has_worker(run.folder))
        # one that nobody launched is refused, and takes nothing from it
        assert run_worker(run.folder) == 2
        assert "already has a worker" in capsys.readouterr().err
        status = run.status()
        assert status.state == "queued"
        assert status.pid != first.pid


def test_status_file_is_json_for_other_tools(finished_run):
    fields = json.loads((finished_run.folder / "status.json").read_text())
    assert (fields["state"], fields["epoch"]) == ("succeeded", EPOCHS)
