"""A run that was ended after its training is not trained again: only what is missing is done."""

import json
import shutil
import time

import pytest

from allcore.errors import DatasetError
from allcore.evaluation.shortcuts import cached_shortcuts
from allcore.runs.files import CHECKPOINTS_FOLDER
from allcore.runs.preflight import prepare
from allcore.runs.status import Status
from allcore.runs.stop_signal import StopSignal
from allcore.runs.store import Run, RunStore
from allcore.training.finish import results_are_whole
from allcore.training.reporter import Reporter
from allcore.training.session import carry_out

RESULTS = ("model.keras", "model.onnx", "features.npy", "predictions.parquet")


def carried_out(run, segment=0, stop_in=None):
    """Carry out the run as its worker does, stopped in a phase that starts with a text; return (finished, phases)."""
    phases = []
    status = Status(state="running", heartbeat=time.time(), queued_at=0.0, segment=segment, epochs=run.config.epochs)
    reporter = Reporter(run.folder, status)

    def stop_requested():
        phases.append(reporter.status.phase)
        return stop_in is not None and phases[-1].startswith(stop_in)

    try:
        return carry_out(run.folder, reporter, stop_requested), phases
    finally:
        reporter.close(patience=0.0)


def records(run):
    return [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]


def test_run_stopped_while_its_results_are_written_goes_on_with_them_and_trains_nothing(workspace, tiny_config):
    run = RunStore(workspace.runs).create(*prepare(tiny_config(epochs=1), workspace.cache))
    finished, _ = carried_out(run, stop_in="predicting, 4 of")
    assert not finished
    assert not results_are_whole(run)
    trained = records(run)
    finished, phases = carried_out(run, segment=1)
    assert finished
    assert results_are_whole(run)
    assert [record["kind"] for record in records(run)[len(trained) :]] == ["segment"]
    assert "training" not in phases
    assert (run.folder / CHECKPOINTS_FOLDER).is_dir()  # they go last, after the state that says so


def test_dataset_changed_since_submission_is_named(workspace, tiny_config, smears, tmp_path):
    copy = shutil.copytree(smears, tmp_path / "copy")
    run = RunStore(workspace.runs).create(*prepare(tiny_config(dataset=str(copy)), workspace.cache))
    path = run.split.table["path"].iloc[0]
    (copy / path).unlink()
    with pytest.raises(DatasetError, match=rf"1 of the \d+ images of run .* are missing or changed in .*{path}"):
        carried_out(run)


@pytest.fixture
def copied(finished_run, workspace):
    """Return a copy of the finished run, in a workspace without its shortcut baselines."""
    return Run(shutil.copytree(finished_run.folder, workspace.runs / finished_run.id))


def test_run_whose_results_are_whole_only_gets_what_is_missing(copied, workspace):
    before = {name: (copied.folder / name).stat().st_mtime_ns for name in RESULTS}
    trained = records(copied)
    finished, phases = carried_out(copied, segment=1)
    assert finished
    assert {phase.split(",")[0] for phase in phases} == {
        "reading the dataset",
        "decoding images",
        "scoring shortcut baselines",
    }
    assert {name: (copied.folder / name).stat().st_mtime_ns for name in RESULTS} == before
    assert records(copied) == trained
    assert cached_shortcuts(copied.split, workspace.cache) is not None


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_bytes(b"")])
def test_results_that_a_power_cut_took_are_not_whole(copied, name, harm):
    assert results_are_whole(copied)
    harm(copied.folder / name)
    assert not results_are_whole(Run(copied.folder))


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
