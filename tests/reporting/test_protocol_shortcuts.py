"""Claims about what shortcuts reach under each split protocol, as a table, a figure and words."""

import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.scores import score
from allcore.evaluation.shortcuts import BASELINES, ShortcutResult
from allcore.reporting.protocol_shortcuts import protocol_figure, protocol_findings, protocol_table

CLASSES = ("Pre", "Pro")
TRUE = ["Pre"] * 30 + ["Pro"] * 10


def result_of(baseline, right: int, images: int = 40) -> ShortcutResult:
    """Return a result of which the first `right` images are right."""
    labels = np.array([CLASSES.index(label) for label in TRUE[:images]])
    predicted = np.where(np.arange(images) < right, labels, 1 - labels)
    scores = score(TRUE[:images], 0.8 * np.eye(2)[predicted] + 0.1, CLASSES, samples=50)
    return ShortcutResult(baseline, RecordedPredictions(CLASSES, pd.DataFrame()), scores)


@pytest.fixture
def results():
    return {
        "random": [result_of(BASELINES[0], 30), result_of(BASELINES[2], 39)],
        "stain": [result_of(BASELINES[0], 20, 35), result_of(BASELINES[2], 16, 35)],
    }


def test_the_table_has_each_baseline_under_each_protocol_in_per_cent(results):
    table = protocol_table(results)
    assert table[["baseline", "protocol", "images"]].to_numpy().tolist() == [
        ["majority", "random", 40],
        ["majority", "stain", 35],
        ["colour histogram", "random", 40],
        ["colour histogram", "stain", 35],
    ]
    assert table["accuracy"].tolist() == pytest.approx([75.0, 2000 / 35, 97.5, 1600 / 35])
    assert table["balanced"].tolist()[::2] == pytest.approx([50.0, 95.0])


def test_intervals_are_those_of_the_scores(results):
    table = protocol_table(results)
    for number, result in enumerate((results["random"][0], results["stain"][0], results["random"][1])):
        row = table.iloc[number]
        assert (row["low"], row["high"]) == tuple(100 * end for end in result.scores.intervals["accuracy"])
        ends = tuple(100 * end for end in result.scores.intervals["balanced_accuracy"])
        assert (row["balanced_low"], row["balanced_high"]) == ends


def test_the_figure_has_a_mark_with_its_interval_for_every_row(results):
    table = protocol_table(results)
    figure = protocol_figure(table)
    assert [trace.name for trace in figure.data] == ["random", "stain"]
    assert (
        len({trace.marker.color for trace in figure.data}) == len({trace.marker.symbol for trace in figure.data}) == 2
    )
    for trace in figure.data:
        rows = table[table["protocol"] == trace.name]
        assert list(trace.x) == list(rows["accuracy"])
        np.testing.assert_allclose(trace.x + trace.error_x.array, rows["high"])
        np.testing.assert_allclose(trace.x - trace.error_x.arrayminus, rows["low"])
    assert list(figure.layout.yaxis.ticktext) == ["majority", "colour histogram"]


def test_an_accuracy_that_is_not_all_is_not_rounded_to_it_where_it_is_pointed_at(results):
    for trace in protocol_figure(protocol_table(results).assign(accuracy=99.97)).data:
        assert set(trace.hovertext) == {"> 99.9 %"}
        assert "%{hovertext}" in trace.hovertemplate


def test_marks_of_one_baseline_stand_apart_and_nearest_to_its_name(results):
    heights = np.array([trace.y for trace in protocol_figure(protocol_table(results)).data])
    assert (heights[0] < heights[1]).all()
    assert (np.round(heights) == [0, 1]).all()


def test_the_best_shortcut_of_each_protocol_is_said(results):
    random, stain = protocol_findings(results)
    assert random.startswith("random: “colour histogram” alone gets 97.5 % of the test images right (")
    assert stain.startswith("stain: “majority” alone gets 57.1 % of the test images right (")
