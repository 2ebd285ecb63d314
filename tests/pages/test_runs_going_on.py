"""Runs: one that waits, goes on, is stopped and resumed, while the page is looked at."""

import json
import os
import shutil
import time

import pytest

from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.launches import claim_launch, last_launch, record_launch
from allcore.runs.folder.process import host, own_identity
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import Status, write_status
from allcore.runs.summary import RunSummary
from allcore.text import for_page
from allcore.tracking.record import Mirrored, write_mirrored
from pages.ui.known.runs import refresh_every
from tests.conftest import device_taken, wait_for
from tests.copies import copy_of
from tests.pages.charts import charts, counts
from tests.pages.opening import button, metrics, open_page, press, texts

GONE = {"pid": 2**22, "process_started": 1.0}


@pytest.fixture
def running(run):
    """Return a run whose status says that this process is training it, in its second epoch of four."""
    pid, started = own_identity()
    write_status(
        run.folder,
        Status(
            state="running", pid=pid, process_started=started, heartbeat=time.time(), queued_at=time.time(), epoch=1,
            epochs=4, step=5, steps_per_epoch=10, phase="training", images_per_second=40.0, eta_seconds=600.0,
            device="CPU, 2 cores", devices=("CPU 0",), host=host(), warnings=("the disk is slow",),
        ),
    )  # fmt: skip
    return run


def test_running_run_tells_phase_progress_time_left_warnings_and_its_mirror(running):
    write_mirrored(running.folder, Mirrored(server="http://lab:5000", experiment="1", run="f00"))
    app = open_page("runs")
    assert for_page("MLflow: http://lab:5000/#/experiments/1/runs/f00") in [caption.value for caption in app.caption]
    assert any("epoch 2 of 4, training, 10 min left" in caption.value for caption in app.caption)
    assert app.get("progress")[0].value == pytest.approx(100 * 15 / 40, abs=1)
    assert metrics(app)["Images/s"] == "40"
    assert metrics(app)["Time left"] == "10 min"
    assert app.warning[0].value == "the disk is slow"
    assert for_page(f"CPU 0: {running.id}") in texts(app)
    assert not button(app, "Stop").disabled
    assert button(app, "Delete").disabled


def test_run_that_waits_for_slurm_says_why_however_long_it_does(run):
    write_status(run.folder, Status(state="queued", heartbeat=0.0, queued_at=0.0, epochs=4))
    launch = claim_launch(run.folder, "slurm", last_launch(run.folder))
    waits = {"job": "7", "state": "waiting", "word": "Slurm job 7: pending, Resources"}
    record_launch(run.folder, launch.model_copy(update=waits))
    os.utime(run.folder / "status.json", (0, 0))
    app = open_page("runs")
    assert for_page("Slurm job 7: pending, Resources") in texts(app)
    assert "1 waits, first" in texts(app)
    assert not button(app, "Stop").disabled


def test_charts_gain_points_as_the_run_goes_on(running):
    app = open_page("runs", per="Batch")
    before, drawn = counts(app), charts(app)
    last = json.loads((running.folder / "metrics.jsonl").read_text().splitlines()[-2])
    record = {**last, "kind": "batch", "epoch": 3, "step": 1, "global_step": last["global_step"] + 1}
    with (running.folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")
    app.run()
    assert counts(app) == {title: count + 1 for title, count in before.items()}
    assert charts(app) == drawn


def test_queued_run_says_when_its_curves_begin_and_has_no_empty_axes(run):
    assert charts(open_page("runs"))
    pid, started = own_identity()
    identity = {"pid": pid, "process_started": started, "heartbeat": time.time(), "queued_at": time.time()}
    write_status(run.folder, Status(state="queued", **identity))
    (run.folder / "metrics.jsonl").unlink()
    app = open_page("runs")
    assert not charts(app)
    assert "The curves begin when the first epoch is over." in texts(app)
    assert metrics(app)["Validation accuracy"] == "–"


def test_killed_worker_shows_as_interrupted_and_can_be_resumed(running):
    app = open_page("runs")
    write_status(running.folder, running.status().model_copy(update=GONE))
    app.run()
    assert app.dataframe[0].value["state"][0] == "interrupted"
    assert not button(app, "Resume").disabled


def test_what_cannot_be_done_any_more_is_said(running):
    app = open_page("runs")
    write_status(running.folder, running.status().model_copy(update={"state": "succeeded"}))
    press(app, "Stop")
    assert "was running when you chose to stop it, and is succeeded now" in app.error[0].value


def test_run_that_vanishes_under_the_page_is_no_fault(running, workspace):
    copy_of(running, workspace.runs / "20200101-000000-vgg16-32px-aaaa")
    app = open_page("runs", run=running.id)
    shutil.rmtree(running.folder)
    app.run()
    assert not app.exception
    assert "No such run" in texts(app)
    assert app.selectbox(key="run").options == ["20200101-000000-vgg16-32px-aaaa"]


@pytest.mark.process
def test_real_run_is_stopped_and_resumed_from_the_page(workspace, tiny_config):
    executor = LocalExecutor(workspace)
    with device_taken(workspace):
        run = executor.submit(tiny_config(epochs=500))
        try:
            wait_for(run, lambda status: status.phase == "waiting for the device")
            app = open_page("runs")
            press(app, "Stop")
            wait_for(run, lambda status: status.state == "cancelled")
            app.run()
            assert app.dataframe[0].value["state"][0] == "stopped"
            press(app, "Resume")
            assert not app.error
            assert run.status().state in ACTIVE
            assert not button(app, "Stop").disabled
        finally:
            if run.status().state in ACTIVE:
                executor.stop(run, patience=5.0)


@pytest.mark.parametrize("state", ["queued", "running", "stopping"])
def test_page_looks_again_by_itself_while_something_runs(state):
    assert refresh_every([RunSummary("a"), RunSummary("b", state)]) is not None


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "interrupted"])
def test_page_does_nothing_when_nothing_runs(state):
    assert refresh_every([RunSummary("damaged"), RunSummary("b", state)]) is None
