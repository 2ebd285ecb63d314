"""Shortcut baselines beside a run's score, on the pages that show one."""

import json
import shutil

import pytest

from allcore.data.splits.split import Split
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.shortcuts import best_shortcut, cached_shortcuts_of_run
from allcore.evaluation.shortcuts.against_shortcuts import against_shortcuts
from allcore.reporting.shortcuts import shortcut_verdict
from tests.copies import copy_of
from tests.pages.opening import metrics, open_page, press, table, texts

BUTTON = "Compute the shortcuts"


@pytest.fixture
def results(run, workspace, finished):
    """Return the shortcuts on the run's split, kept in the workspace as the worker kept them where the run was made."""
    shutil.copytree(finished.workspace.cache / "shortcuts", workspace.cache / "shortcuts")
    return cached_shortcuts_of_run(run, workspace.cache)


@pytest.fixture
def all_but_one(run, results, workspace):
    """Leave all shortcuts of the run but one kept, so that computing the rest is soon done."""
    for file in (workspace.cache / "shortcuts").rglob("*.json"):  # those of other tests' splits among them
        file.unlink()
        if cached_shortcuts_of_run(run, workspace.cache) is None:
            return


def offered(app) -> bool:
    return BUTTON in [button.label for button in app.button]


def drawn(app, alt: str) -> dict:
    """Return the figure whose description has these words."""
    chart = next(chart for chart in app.get("plotly_chart") if alt in chart.proto.alt)
    return json.loads(chart.proto.spec)


def said(app) -> str:
    return texts(app).replace("\\", "")


def test_evaluate_offers_to_compute_them_and_then_shows_them(run, finished, all_but_one, photographed):
    app = open_page("evaluate", run=run.id)
    assert offered(app)
    press(app, BUTTON)
    assert not offered(app)
    names = list(table(app, "difference_low")["name"])
    results = cached_shortcuts_of_run(run, finished.workspace.cache)
    assert set(names) == {"this run", "the paper", *(result.name for result in results)}


def test_evaluate_says_what_they_mean_for_the_score(run, results):
    predictions = recorded_predictions(run, "test")
    verdict = shortcut_verdict(predictions.score(), against_shortcuts(predictions, results))
    app = open_page("evaluate", run=run.id)
    assert verdict in said(app)
    accuracies = {trace["x"][0] for trace in drawn(app, "each shortcut baseline")["data"]}
    assert accuracies == {100 * scores.accuracy for scores in (predictions.score(), *(each.scores for each in results))}


def test_evaluate_says_that_they_are_of_the_test_images(run, results):
    app = open_page("evaluate", run=run.id, split="validation")
    assert "scored on the test images alone" in said(app)
    assert not offered(app)


@pytest.mark.parametrize("page", ["evaluate", "overview", "tradeoff"])
def test_dataset_that_is_gone_is_said_to_be(run, dataset, photographed, page, monkeypatch):
    monkeypatch.delenv("ALLCORE_DATA_ROOTS")
    config = run.folder / "config.json"
    config.write_text(config.read_text().replace(run.config.dataset, str(dataset)))
    shutil.rmtree(dataset)
    app = press(open_page(page), BUTTON)
    assert app.error[-1].proto.title == "The shortcuts cannot be computed"
    assert "no dataset at" in app.error[-1].value.replace("\\", "")


def test_dataset_outside_the_roots_is_not_read(run, monkeypatch):
    monkeypatch.delenv("ALLCORE_DATA_ROOTS")
    app = press(open_page("evaluate", run=run.id), BUTTON)
    assert "outside the folders that may be read" in app.error[-1].value.replace("\\", "")


def test_overview_has_the_best_one_between_the_best_run_and_the_paper(run, results, photographed):
    app = open_page("overview")
    shown = metrics(app)
    assert shown["Best shortcut on its images"] == f"{100 * best_shortcut(results).scores.accuracy:.1f} %"
    labels = list(shown)
    place = labels.index("Best shortcut on its images")
    assert labels[place - 1 : place + 2 : 2] == ["Best run here", "The paper"]
    predictions = recorded_predictions(run, "test")
    assert shortcut_verdict(predictions.score(), against_shortcuts(predictions, results)) in said(app)


def test_overview_offers_to_compute_them(all_but_one, photographed):
    app = open_page("overview")
    assert "Best shortcut on its images" not in metrics(app)
    assert "Best shortcut on its images" in metrics(press(app, BUTTON))


def test_overview_without_a_run_or_a_model_says_nothing_of_shortcuts(workspace, released):
    assert "hortcut" not in texts(open_page("overview"))


def test_tradeoff_has_a_line_at_each_one_within_its_figures(run, results):
    app = open_page("tradeoff")
    for alt in ("against image size", "against training time"):
        lines = {shape["y0"] for shape in drawn(app, alt)["layout"]["shapes"] if "shortcut" in shape.get("name", "")}
        assert lines
        assert lines <= {100 * result.scores.accuracy for result in results}
        assert 100 * best_shortcut(results).scores.accuracy in lines
    assert "Brown lines" in said(app)


def test_tradeoff_offers_to_compute_them(all_but_one):
    app = open_page("tradeoff")
    assert "Brown lines" not in said(app)
    assert "Brown lines" in said(press(app, BUTTON))


def test_tradeoff_of_runs_with_different_splits_has_no_line(run, results, workspace):
    other = copy_of(run, workspace.runs / f"{run.id}-2")
    Split(other.split.table.iloc[::-1]).write(other.folder / "split.csv")
    app = open_page("tradeoff")
    assert "These runs have different splits" in said(app)
    assert not offered(app)
