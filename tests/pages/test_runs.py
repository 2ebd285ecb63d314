"""Runs: every state as it is on disk, whoever looks; stop, resume, delete."""

import numpy as np
import pytest

from allcore.evaluation.scoring.intervals import wilson
from allcore.reporting.training_curves import QUANTITIES
from allcore.runs.folder.about import About, about, say_of_run
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import RunStore
from pages.ui.known.runs import states
from tests.copies import copy_of
from tests.pages.charts import charts, counts, points
from tests.pages.opening import button, choose, field, links, metrics, open_page, press, ran, texts

DEAD_STATES = [("succeeded", False), ("failed", True), ("cancelled", True)]


def test_a_run_that_waits_is_known_without_a_look_for_its_metrics(workspace, finished_run, monkeypatch):
    waiting = RunStore(workspace.runs).create(finished_run.config, finished_run.split)
    monkeypatch.setattr("pages.ui.known.runs._best", None)
    assert states([waiting]) == {waiting.id: "queued"}


def test_without_runs_the_page_says_where_to_launch_one(workspace):
    app = open_page("runs")
    assert app.info[0].proto.title == "No run yet"
    assert links(app) == {"Train": "train"}


def test_finished_run_is_shown_with_its_numbers_curves_and_files(finished, finished_run, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(finished.workspace.root))
    app = open_page("runs")
    history = finished_run.history()
    assert app.dataframe[0].value["run"].tolist() == [finished_run.id]
    assert metrics(app)["Epochs"] == "3 of 3"
    assert metrics(app)["Validation accuracy"] == f"{100 * history.epochs['validation_accuracy'].max():.1f} %"
    assert len(charts(app)) == len(QUANTITIES)
    assert counts(app)["loss (cross-entropy, nats)"] == 2 * 3
    assert counts(app)["memory (GB)"] == 3
    files = {download.label.split(",")[0] for download in app.get("download_button")}
    assert {"model.onnx", "model.keras", "predictions.parquet", "split.csv", "metrics.jsonl"} <= files


def test_curves_per_batch_have_a_point_a_batch_and_one_of_validation_an_epoch(run):
    app = open_page("runs", per="Batch")
    batches, epochs = len(run.history().batches), len(run.history().epochs)
    assert counts(app)["memory (GB)"] == batches
    assert counts(app)["loss (cross-entropy, nats)"] == batches + epochs


def test_the_band_of_validation_accuracy_takes_groups_as_trials(run):
    run.split.table.assign(group="g").to_csv(run.folder / "split.csv", index=False)
    drawn = points(open_page("runs"))["accuracy (%)"]
    drawn = drawn[drawn["part"] == "validation"]
    np.testing.assert_allclose(drawn["high"], 100 * wilson(drawn["y"] / 100, 1)[1])


def test_every_chart_and_table_has_a_description(run):
    app = open_page("runs", session={"log": True, "epochs": True, "settings": True})
    assert all(chart.proto.alt for chart in app.get("vega_lite_chart"))
    assert all(table.proto.alt for table in app.dataframe)


@pytest.mark.parametrize(("state", "resumable"), DEAD_STATES)
def test_run_that_is_over_can_be_resumed_unless_it_succeeded_and_deleted(run, state, resumable):
    write_status(run.folder, run.status().model_copy(update={"state": state, "error": "the reason"}))
    app = open_page("runs")
    assert button(app, "Stop").disabled
    assert button(app, "Resume").disabled is not resumable
    assert not button(app, "Delete").disabled


def test_failed_run_says_why(run):
    write_status(run.folder, run.status().model_copy(update={"state": "failed", "error": "the disk is full"}))
    app = open_page("runs")
    assert app.error[0].value == "the disk is full"
    assert app.dataframe[0].value["note"][0] == "the disk is full"


@pytest.mark.parametrize(("file", "content"), [("status.json", None), ("status.json", "{"), ("config.json", "{")])
def test_damaged_run_is_listed_with_the_reason_and_can_be_deleted(run, file, content):
    (run.folder / file).unlink() if content is None else (run.folder / file).write_text(content)
    app = open_page("runs")
    assert app.dataframe[0].value["state"][0] == "damaged"
    assert file in app.dataframe[0].value["note"][0]
    assert file in app.error[0].value
    assert not app.warning
    assert not button(app, "Delete").disabled


def test_run_of_the_url_is_the_one_that_is_shown(run, workspace):
    older = workspace.runs / "20200101-000000-vgg16-32px-aaaa"
    copy_of(run, older)
    assert open_page("runs").selectbox(key="run").value == run.id
    assert open_page("runs", run=older.name).selectbox(key="run").value == older.name


def test_run_of_the_url_that_is_not_there_is_said_to_be_missing(run):
    app = open_page("runs", run="20200101-000000-vgg16-32px-aaaa")
    assert "No such run" in texts(app)
    assert app.selectbox(key="run").value is None
    assert choose(app, "run", run.id).query_params["run"] == run.id
    assert "No such run" not in texts(app)


def test_runs_can_be_laid_over_each_other(run, workspace):
    other = workspace.runs / "20200101-000000-vgg16-32px-aaaa"
    copy_of(run, other)
    app = open_page("runs", **{"with": other.name})
    assert set(points(app)["accuracy (%)"]["run"]) == {f"32 px ({run.id[-4:]})", "32 px (aaaa)"}


def test_log_and_settings_are_shown_when_they_are_opened(run):
    (run.folder / "worker.log").write_text("hello from the worker\n")
    app = open_page("runs", session={"log": True, "settings": True})
    assert app.code[0].value == "hello from the worker"
    settings = app.dataframe[-1].value.set_index("setting")
    assert tuple(settings.loc["image_size"]) == ("32", "300")


def test_state_of_a_run_is_read_again_once_another_has_changed_it(run):
    assert states([run]) == {run.id: "succeeded"}
    write_status(run.folder, run.status().model_copy(update={"state": "cancelled"}))
    assert states([run]) == {run.id: "cancelled"}


def test_a_run_is_named_found_and_left_out_of_the_list(run):
    app = open_page("runs", session={"said": True}, run=run.id)
    field(app, "Name").set_value("the first")
    field(app, "Tags").set_value("grey, small")
    press(app, "Save")
    assert about(run) == About(name="the first", tags=("grey", "small"))
    listed = open_page("runs", run=run.id, find="GREY first").dataframe[0].value
    assert (listed["name"][0], listed["tags"][0]) == ("the first", "grey, small")
    assert "study" not in listed  # of which there is none
    assert not open_page("runs", run=run.id, find="nothing of it").dataframe


def test_what_somebody_else_said_meanwhile_is_not_saved_over(run):
    app = open_page("runs", session={"said": True}, run=run.id)
    say_of_run(run, About(name="theirs", note="kept"))
    field(app, "Tags").set_value("mine")
    app = press(app, "Save")
    assert "Somebody else has changed this meanwhile" in texts(app)
    assert (about(run), field(app, "Tags").value) == (About(name="theirs", note="kept"), "mine")
    app = ran(app)
    assert (field(app, "Name").value, field(app, "Tags").value) == ("theirs", "")
    field(app, "Tags").set_value("mine")
    press(app, "Save")
    assert about(run) == About(name="theirs", note="kept", tags=("mine",))
