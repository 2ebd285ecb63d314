"""Studies on the pages: a row that opens into its grid, and out-of-fold predictions on Evaluate."""

import os
import shutil

import pytest

from allcore.config_parts import SplitConfig
from allcore.data.labels.meanings import name_classes
from allcore.data.splits.split import make_split
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.about import About, say_of_run
from allcore.runs.folder.files import STOP_FILE
from allcore.runs.folder.status import Status, write_status
from allcore.runs.folder.store import Run, RunStore
from allcore.runs.folder.worker_lock import worker_lock
from allcore.runs.summarize import summarize
from allcore.studies.plan import make_plan
from allcore.studies.store import PLAN_FILE, StudyStore
from pages.ui import address
from pages.ui.known.studies import grid_of
from tests.copies import copy_of
from tests.data.rows import images
from tests.pages.opening import button, choose, open_page, press, ran, table, texts
from tests.studies.conftest import set_state

FIRST = "seeds: seed=0"


@pytest.fixture
def study(run, workspace):
    """Return a study of three seeds: the first member is the finished run, the second failed, the third is missing."""
    plan = make_plan(name="seeds", config=run.config, seeds=(0, 1, 2))
    study = StudyStore(workspace.studies).create(plan)
    for number, place in enumerate(plan.places[:2]):
        member = copy_of(run, workspace.runs / f"member-{number}")
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
    assert "(1 of 3 runs), and" in texts(app).replace("\\", "")
    assert button(app, "Compute baselines and probes").disabled is False
    assert "Report" in [one.proto.label for one in app.get("download_button")]
    (evaluated,) = [link for link in app.get("page_link") if link.label == "Evaluate seed=0"]
    assert evaluated.proto.query_string == "run=seeds%3A+seed%3D0"
    (failed,) = [each for each in app.button if "failed" in each.label]
    monkeypatch.setattr(address, "is_due", lambda: False)  # what begins a page, and takes it back, is not part of this
    failed.click().run()
    assert app.query_params["run"] == "member-1"
    assert app.selectbox(key="run").value == "member-1"


def test_a_search_finds_the_runs_of_studies_too(study):
    (found,) = [frame.value for frame in open_page("runs", find="member FAILED").dataframe if "dataset" in frame.value]
    assert (found["run"].tolist(), found["study"].tolist()) == (["member-1"], ["seeds"])
    (found,) = [frame.value for frame in open_page("runs", find="SEEDS").dataframe if "dataset" in frame.value]
    assert sorted(found["run"]) == ["member-0", "member-1"]
    assert "No run has all of these words." in texts(open_page("runs", find="member nothing"))


def test_runs_that_a_search_finds_and_that_are_hidden_are_said_to_be(study, workspace):
    say_of_run(Run(workspace.runs / "member-1"), About(hidden=True))
    assert "All runs with these words are hidden." in texts(open_page("runs", find="failed"))


def test_of_a_study_that_is_looked_at_again_only_what_has_changed_is_read(study, workspace, monkeypatch):
    read = []
    monkeypatch.setattr("pages.ui.known.runs.summarize", lambda run, best: read.append(run.id) or summarize(run, best))
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
    monkeypatch.setattr("pages.ui.runs.studies.start_study", lambda study, workspace: started.append(study.name))
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


def test_out_of_fold_predictions_are_not_compared_with_themselves(study, workspace):
    set_state(Run(workspace.runs / "member-1"), "succeeded")
    app = open_page("evaluate", run=FIRST, view="Compare")
    assert app.selectbox(key="against").options == ["seeds: seed=1", "member-1", "member-0"]


def test_a_split_and_a_tab_that_a_study_does_not_have_are_left_behind(study):
    app = choose(open_page("evaluate", run="member-0", split="validation", view="Map"), "run", FIRST)
    assert "No such" not in texts(app)
    assert "test images are right" in texts(app)
    assert not {"split", "view"} & {*app.query_params}


def test_a_link_to_a_split_that_a_study_does_not_have_is_said_to_be_wrong(study):
    assert "No such part" in texts(open_page("evaluate", run=FIRST, split="validation"))


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


@pytest.fixture
def many(workspace, tiny_config):
    """Return the names of 23 studies, the newest first: of the oldest one there is a run."""
    store = StudyStore(workspace.studies)
    for number in range(23):
        plan = make_plan(name=f"study-{number:02}", config=tiny_config())
        os.utime(store.create(plan).folder / PLAN_FILE, (number, number))
    oldest = make_plan(name="study-00", config=tiny_config()).places[0].config
    run = RunStore(workspace.runs).create(oldest, make_split(images({"A": 4, "B": 4}), SplitConfig()))
    set_state(run, "failed")
    return [study.name for study in store.studies()]


def listed_studies(app):
    return [expander.label.split(":")[0].replace("\\", "") for expander in app.expander if "runs" in expander.label]


def test_studies_come_twenty_a_page_and_their_runs_are_in_their_grids(many):
    app = open_page("runs")
    assert listed_studies(app) == many[:20]
    assert "1 to 20 of 23 studies" in texts(app)
    assert "All runs belong to the studies above." in texts(app)
    assert listed_studies(choose(app, "studies_page", 2)) == many[20:]


def test_a_study_that_is_asked_for_is_shown_on_every_page(many):
    app = open_page("runs", study="study-00")
    assert listed_studies(app) == ["study-00", *many[:20]]
    assert listed_studies(choose(app, "studies_page", 2)) == many[20:]
    assert "No such study" in texts(open_page("runs", study="study-99"))


def delete(app, study):
    app.get_by_key(f"delete-{study.name}").click()
    return ran(app)


def test_a_study_is_deleted_alone_and_its_runs_are_listed(study, workspace):
    app = delete(open_page("runs", study="seeds"), study)
    assert "2 runs of it can stay among the others" in texts(app)
    press(app, "Delete the study alone")
    assert not study.folder.exists()
    assert "study" not in app.query_params
    assert set(table(app, "test_accuracy")["run"]) == {"member-0", "member-1"}


def test_a_study_is_deleted_with_its_runs(study, workspace):
    app = press(delete(open_page("runs", run="member-0"), study), "Delete it with 2 runs")
    assert not study.folder.exists()
    assert RunStore(workspace.runs).runs() == []
    assert "No run yet" in texts(app)
    assert "run" not in app.query_params


def test_deleting_a_study_can_be_thought_better_of(study, workspace):
    app = press(delete(open_page("runs"), study), "Cancel")
    assert study.folder.is_dir()
    assert "Delete the study alone" not in [each.label for each in app.button]


def test_a_study_that_went_on_since_the_question_is_not_deleted(study, workspace):
    app = delete(open_page("runs"), study)
    set_state(Run(workspace.runs / "member-1"), "running")
    with worker_lock(workspace.runs / "member-1"):
        press(app, "Delete it with 2 runs")
        assert "run member\\-1 of study seeds goes on" in app.error[0].value
        assert app.get_by_key("delete-seeds").disabled
    assert study.folder.is_dir()
    assert (workspace.runs / "member-0").is_dir()


def test_a_damaged_study_can_be_deleted(study):
    (study.folder / "study.json").write_text("{", encoding="utf-8")
    press(delete(open_page("runs"), study), "Delete the study alone")
    assert not study.folder.exists()


def test_what_stands_in_the_way_of_deleting_the_last_study_is_said(workspace, tiny_config, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    study = StudyStore(workspace.studies).create(make_plan(name="new", config=tiny_config()))
    app = delete(open_page("runs"), study)
    monkeypatch.setattr("allcore.runs.folder.trash.remove_folder", refuse)
    press(app, "Delete it")
    assert "study new is deleted, but not all of its files could be removed" in app.error[0].value


def test_damaged_meanings_of_the_classes_are_why_a_study_has_no_report(study, workspace):
    plan = study.plan()
    name_classes(plan.config.dataset, ["Benign", "Early", "Pre", "Pro"], {}, ["Pro"], workspace.classes)
    next(workspace.classes.iterdir()).write_bytes(b"cut short")
    app = open_page("runs", study="seeds")
    (said,) = (each.value for each in app.warning if each.proto.title == "No report can be made")
    assert "name them anew" in said
    assert "Report" not in [one.proto.label for one in app.get("download_button")]
    assert [frame.value for frame in app.dataframe if "pooled" in frame.value]
