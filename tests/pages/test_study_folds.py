"""A study of two sizes by folds, on every page that shows it: as one run a setting, each image tested once."""

from html import escape

import pytest

from allcore.config_parts import SplitConfig
from allcore.data.splits.split import make_split
from allcore.reporting.studies.wording import difference_in_words, setting_names
from allcore.studies.between_settings import compare_settings
from allcore.studies.plan import make_plan
from allcore.studies.results import finished_members
from allcore.studies.runner import run_study
from allcore.studies.store import StudyStore
from pages.ui.tradeoff import folds, pairs
from tests.pages.opening import button, metrics, open_page, press, table, texts
from tests.studies.test_findings import keep
from tests.studies.test_out_of_fold import ROWS, Predicting


@pytest.fixture
def executor(workspace):
    """Return an executor whose runs predict at once, without a model."""
    return Predicting(workspace, make_split(ROWS, SplitConfig()))


@pytest.fixture
def study(executor, workspace, tiny_config):
    """Return a study of two sizes and two folds that is carried out."""
    config = tiny_config(split={"protocol": "grouped", "folds": 2})
    plan = make_plan(name="sizes", config=config, folds=(1, 2), vary={"image_size": [32, 48]})
    study = StudyStore(workspace.studies).create(plan)
    run_study(study.folder, executor)
    return study


def test_a_setting_is_one_point_of_the_trade_off_and_the_settings_are_compared_over_folds(study):
    app = open_page("tradeoff", study="sizes")
    assert "4 of 4 runs succeeded" in texts(app)
    assert "Each point is all test images of its folds that have succeeded" in texts(app)
    points = table(app, "test_images")
    assert points["image_size_px"].tolist() == [32, 48]
    assert points["test_images"].tolist() == [len(ROWS)] * 2
    assert "image_size=32" not in texts(app)  # settings are called by their sizes


def test_settings_are_compared_also_where_seeds_make_more_points_than_are(
    executor, workspace, tiny_config, monkeypatch
):
    for module in (pairs, folds):
        monkeypatch.setattr(module, "MOST_COMPARED", 3)
    config = tiny_config(split={"protocol": "grouped", "folds": 2})
    plan = make_plan(name="seeds", config=config, seeds=(0, 1), folds=(1, 2), vary={"image_size": [32, 48]})
    run_study(StudyStore(workspace.studies).create(plan).folder, executor)
    app = open_page("tradeoff", study="seeds")
    assert "for up to 3 of them; these are 4." in texts(app)
    assert "The same within 1 point" in texts(app)
    assert "Choose a study" not in texts(app)


def test_a_trade_off_whose_predictions_cannot_be_written_is_shown_and_that_is_said(study):
    (study.folder / "out-of-fold").touch()  # no folder can be made there
    refused = open_page("tradeoff", study="sizes")
    assert "of study sizes cannot be written" in texts(refused)
    (study.folder / "out-of-fold").unlink()
    whole = open_page("tradeoff", study="sizes")
    assert "cannot be written" not in texts(whole)
    assert table(refused, "test_images").equals(table(whole, "test_images"))


def test_shortcuts_of_a_study_stand_on_trade_off_as_soon_as_they_are_computed(study, executor, workspace):
    app = open_page("tradeoff", study="sizes")
    assert "The shortcut baselines of this study are not computed yet" in texts(app)
    (link,) = [link for link in app.get("page_link") if link.label == "Compute them on Runs"]
    assert link.proto.query_string == "study=sizes"
    for run in executor.store.runs():
        keep(run, workspace.cache, right=True)
    app = open_page("tradeoff", study="sizes")
    assert "not computed yet" not in texts(app)
    size = next(chart for chart in app.get("plotly_chart") if "against image size" in chart.proto.alt)
    assert "shortcut: majority, 100.0 %" in size.proto.spec


def test_folds_that_cannot_be_put_together_are_said_and_the_runs_stand_alone(study, executor):
    first = executor.store.runs()[0]
    (first.folder / "predictions.parquet").write_bytes(b"damaged")
    app = open_page("tradeoff", study="sizes")
    assert "The folds cannot be put together" in texts(app)
    assert first.id in texts(app).replace("\\", "")


def test_report_of_a_study_says_which_settings_differ(study, executor, offered):
    app = open_page("runs", study="sizes")
    assert not app.error
    page = offered["sizes.html"]().decode()
    for heading in ("Scores of each setting", "Which settings differ", "Folds side by side", "Confusion matrices"):
        assert heading in page
    plan = study.plan()
    (difference,) = compare_settings(plan, finished_members(plan, study.members(executor.store.runs())), 0.01)
    assert escape(difference_in_words(difference, setting_names(plan))) in page


def test_a_study_whose_scores_are_damaged_says_why(study, executor):
    for run in executor.store.runs():
        (run.folder / "predictions.parquet").write_bytes(b"damaged")
    app = open_page("runs", study="sizes")
    assert "The scores cannot be put together" in texts(app)


def test_what_a_study_lacks_is_computed_on_a_click_and_shown(run, workspace):
    plan = make_plan(name="alone", config=run.config, seeds=(run.config.seed,))
    StudyStore(workspace.studies).create(plan)
    (run.folder / "config.json").write_text(plan.places[0].config.to_json(), encoding="utf-8")
    app = open_page("runs", study="alone")
    app = press(app, "Compute baselines and probes")
    app.run()
    assert "majority" in table(app, "pooled")["cell"].tolist()
    assert table(app, "VGG16, 32 px")["images"].tolist()[0] == "as it is"
    with pytest.raises(StopIteration):
        button(app, "Compute baselines and probes")


def test_two_settings_that_are_compared_have_names_of_their_own(executor, workspace, tiny_config):
    config = tiny_config(split={"protocol": "grouped", "folds": 2})
    plan = make_plan(name="S", config=config, folds=(1, 2), vary={"dropout": [0.25, 0.5]})
    run_study(StudyStore(workspace.studies).create(plan).folder, executor)
    first, second = "S: dropout=0.25 seed=0", "S: dropout=0.5 seed=0"
    app = open_page("evaluate", view="Compare", run=first, against=second)
    tiles = [label.replace("\\", "") for label in metrics(app) if label.startswith("Accuracy, ")]
    assert tiles == [f"Accuracy, {first}", f"Accuracy, {second}"]
