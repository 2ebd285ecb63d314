"""Studies on the pages: a row that opens into its grid, and out-of-fold predictions on Evaluate."""

import shutil

import pytest

from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.runs.executor import LocalExecutor
from allcore.runs.files import STOP_FILE
from allcore.runs.status import Status, write_status
from allcore.runs.store import Run
from allcore.runs.summary import summarize
from allcore.runs.worker_lock import worker_lock
from allcore.studies.plan import make_plan
from allcore.studies.store import StudyStore
from pages.ui import address
from pages.ui.study_view import grid_of
from tests.pages.opening import button, open_page, texts
from tests.studies.conftest import set_state

FIRST = "seeds: seed=0"


@pytest.fixture
def study(run, workspace):
    """Return a study of three seeds: the first member is the finished run, the second failed, the third is missing."""
    plan = make_plan(name="seeds", config=run.config, seeds=(0, 1, 2))
    study = StudyStore(workspace.studies).create(plan)
    for number, place in enumerate(plan.places[:2]):
        member = Run(workspace.runs / f"member-{number}")
        shutil.copytree(run.folder, member.folder)
        (member.folder / "config.json").write_text(place.config.to_json(), encoding="utf-8")
    set_state(Run(workspace.runs / "member-1"), "failed", error="the disk is full")
    shutil.rmtree(run.folder)
    return study


def test_a_study_is_one_row_with_its_grid_and_its_runs_are_not_listed_again(study, monkeypatch):
    app = open_page("runs", study="seeds")
    (row,) = [expander for expander in app.expander if expander.label.startswith("seeds")]
    assert row.label.replace("\\", "") == "seeds: stopped, 1 of 3 runs, 33 %"
    (grid,) = [frame.value for frame in app.dataframe if "place" in frame.value]
    assert grid["state"].tolist() == ["succeeded", "failed", "missing"]
    assert grid["note"].tolist() == ["", "the disk is full", ""]
    assert not [frame for frame in app.dataframe if "split" in frame.value]
    assert "All runs belong to the studies above." in texts(app)
    (scores,) = [frame.value for frame in app.dataframe if "pooled" in frame.value]
    assert scores["runs"].tolist() == ["1 of 3"]
    assert scores["accuracy"].tolist() == scores["pooled"].tolist()
    assert "standard deviation over 1 of 3 runs" in texts(app)
    assert button(app, "Compute baselines and probes").disabled is False
    assert "Report" in [one.proto.label for one in app.get("download_button")]
    (evaluated,) = [link for link in app.get("page_link") if link.label == "Evaluate seed=0"]
    assert evaluated.proto.query_string == "run=seeds%3A+seed%3D0"
    (failed,) = [each for each in app.button if "failed" in each.label]
    monkeypatch.setattr(address, "is_due", lambda: False)  # what begins a page, and takes it back, is not part of this
    failed.click().run()
    assert app.query_params["run"] == "member-1"
    assert app.selectbox(key="run").value == "member-1"


def test_of_a_study_that_is_looked_at_again_only_what_has_changed_is_read(study, workspace, monkeypatch):
    read = []
    monkeypatch.setattr("pages.ui.live.summarize", lambda run, best: read.append(run.id) or summarize(run, best))
    grid_of(study)
    assert sorted(read) == ["member-0", "member-1"]
    grid_of(study)
    assert len(read) == 2
    set_state(Run(workspace.runs / "member-1"), "cancelled")
    assert [member.state for member in grid_of(study).members] == ["succeeded", "cancelled", "missing"]
    assert read[2:] == ["member-1"]
    set_state(Run(workspace.runs / "member-1"), "running")
    with worker_lock(workspace.runs / "member-1"):
        grid_of(study)
        grid_of(study)
    assert read[3:] == ["member-1"] * 2  # what is active is read at every look


def test_a_study_is_resumed_and_stopped(study, monkeypatch):
    started = []
    monkeypatch.setattr("pages.ui.study_view.start", lambda study, workspace: started.append(study.name))
    app = open_page("runs", study="seeds")
    assert app.get_by_key("stop-seeds").disabled
    app.get_by_key("resume-seeds").click().run()
    assert started == ["seeds"]
    write_status(study.folder, Status(state="running", heartbeat=2e9, queued_at=0))
    with worker_lock(study.folder):
        set_state(Run(study.folder), "running", phase="2 of 3: seed=1")
        app = open_page("runs", study="seeds")
        assert app.get_by_key("resume-seeds").disabled
        app.get_by_key("stop-seeds").click().run()
    assert (study.folder / STOP_FILE).exists()


def test_of_a_study_that_nobody_carries_out_any_more_what_trains_is_stopped_or_gone_on_with(
    study, monkeypatch, workspace
):
    stopped = []
    monkeypatch.setattr(LocalExecutor, "stop_in_background", lambda self, run: stopped.append(run.id))
    write_status(study.folder, Status(state="running", pid=2**22 + 1, process_started="x", heartbeat=0, queued_at=0))
    set_state(Run(workspace.runs / "member-1"), "running")
    app = open_page("runs", study="seeds")
    assert not app.get_by_key("resume-seeds").disabled
    app.get_by_key("stop-seeds").click().run()
    assert stopped == ["member-1"]
    assert not app.error


def test_a_damaged_study_is_named_and_the_runs_are_shown(study):
    (study.folder / "study.json").write_text("{", encoding="utf-8")
    app = open_page("runs")
    assert "study.json cannot be read" in app.error[0].value
    assert [frame for frame in app.dataframe if "split" in frame.value]


def test_evaluate_opens_the_out_of_fold_predictions_like_a_runs(study, workspace):
    app = open_page("evaluate", run=FIRST)
    scores = recorded_predictions(Run(workspace.runs / "member-0"), "test").score()
    right = round(scores.accuracy * scores.n)
    assert app.markdown[0].value.startswith(f"**{right} of {scores.n} test images are right")
    assert "Out-of-fold predictions of study seeds: each image by the one of 1 runs" in texts(app)
    assert FIRST in app.selectbox(key="run").options
    assert "seeds: seed=1" not in app.selectbox(key="run").options


def test_mistakes_of_a_study_are_explained_by_the_member_that_made_them(study):
    app = open_page("evaluate", run=FIRST, view="Mistakes")
    assert not app.error
    assert not app.warning
    assert app.get("image")
    assert "Probes" not in [tab.label for tab in app.tabs]


def test_out_of_fold_predictions_follow_what_succeeds_later(study, workspace):
    open_page("evaluate", run=FIRST)
    set_state(Run(workspace.runs / "member-1"), "succeeded")
    assert "seeds: seed=1" in open_page("evaluate", run=FIRST).selectbox(key="run").options


def test_a_study_without_a_run_yet_is_shown_as_such(workspace, tiny_config):
    StudyStore(workspace.studies).create(make_plan(name="new", config=tiny_config()))
    app = open_page("runs")
    assert not app.info
    assert any(expander.label.startswith("new") for expander in app.expander)
    assert button(app, "Resume").disabled is False
