"""A model that is passed on carries its run's accuracy, and what the best shortcut reaches on the same images."""

import pytest

from allcore.errors import RunError
from allcore.evaluation.held_out import held_out_score
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.probes.probing import probe_model
from allcore.evaluation.probes.subject import subject_of_run
from allcore.evaluation.shortcuts import BASELINES, cached_shortcuts_of_run
from allcore.runs.folder.store import Run


def test_accuracy_is_that_of_the_recorded_test_predictions(finished_run, tmp_path):
    recorded = recorded_predictions(finished_run, "test")
    scores, found = recorded.score(), held_out_score(finished_run, tmp_path)
    assert (found.images, found.accuracy, found.interval) == (scores.n, scores.accuracy, scores.intervals["accuracy"])
    assert found.twins == recorded.table["twin"].sum()


def test_shortcut_is_none_while_none_is_scored_and_then_the_best(finished, finished_run, tmp_path):
    assert (
        held_out_score(finished_run, tmp_path).shortcut,
        held_out_score(finished_run, tmp_path).shortcut_accuracy,
    ) == (None, None)
    results = cached_shortcuts_of_run(finished_run, finished.workspace.cache)  # the worker scored them
    found = held_out_score(finished_run, finished.workspace.cache)
    assert found.shortcut in {baseline.name for baseline in BASELINES}
    assert found.shortcut_accuracy == max(
        result.scores.accuracy for result in results if not result.baseline.sees_cells
    )


def test_probes_go_with_it_once_they_are_made(finished_run, tmp_path):
    assert held_out_score(finished_run, tmp_path).views == ()
    report = probe_model(subject_of_run(finished_run), tmp_path)
    views = held_out_score(finished_run, tmp_path).views
    assert [view.probe for view in views] == [result.name for result in report.results if not result.skipped]
    for view in views:
        result = report.result(view.probe)
        assert (view.accuracy, view.interval) == (result.scores.accuracy, result.scores.intervals["accuracy"])
        assert (view.followed_other, view.followed_neither) == (result.followed_other, result.followed_neither)
        assert view.lowest_recall == min(of.recall for of in result.scores.per_class.values())
        assert view.lowest_recall == result.scores.per_class[view.lowest_class].recall


def test_run_without_predictions_is_named(tmp_path):
    folder = tmp_path / "20260101-000000-vgg16-32px-abcd"
    folder.mkdir()
    with pytest.raises(RunError, match="abcd"):
        held_out_score(Run(folder), tmp_path)
