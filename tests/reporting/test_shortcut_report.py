"""Shortcuts beside a run: table, figures, and what is said of them."""

import hashlib
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.shortcuts import Baseline, ShortcutResult, best_shortcut
from allcore.evaluation.shortcuts.against_shortcuts import against_shortcuts
from allcore.evaluation.shortcuts.registry import no_features, trees
from allcore.paper import CLASSES, HEADLINE
from allcore.reporting.colours import BASELINE
from allcore.reporting.shortcuts import (
    draw_shortcuts,
    shortcut_figure,
    shortcut_note,
    shortcut_table,
    shortcut_verdict,
)
from allcore.reporting.tradeoff import pareto_figure, size_figure

N = 200


def answers(wrong: int, classes=CLASSES) -> RecordedPredictions:
    """Make predictions of N images of which the first `wrong` are wrong."""
    number = np.arange(N) % len(classes)
    called = np.where(np.arange(N) < wrong, (number + 1) % len(classes), number)
    labels = np.array(classes, object)[number]
    table = pd.DataFrame({"path": [f"{row}.png" for row in range(N)], "label": labels})
    table["sha256"] = [hashlib.sha256(path.encode()).hexdigest() for path in table["path"]]
    table["group"] = table["path"]
    table[[f"probability_{name}" for name in classes]] = np.eye(len(classes))[called]
    return RecordedPredictions(classes, table)


def result(name: str, wrong: int, classes=CLASSES) -> ShortcutResult:
    predictions = answers(wrong, classes)
    return ShortcutResult(Baseline(name, f"Sees {name}.", no_features, trees), predictions, predictions.score())


@pytest.fixture(scope="module")
def results():
    return (result("majority", 140), result("colours", 6), result("corner", 50))


def accuracies(results) -> dict[str, float]:
    return {each.name: each.scores.accuracy for each in results}


def beside(run_wrong: int, results):
    run = answers(run_wrong)
    scores = run.score()
    return scores, against_shortcuts(run, results)


def runs(*accuracies: float) -> pd.DataFrame:
    count = len(accuracies)
    return pd.DataFrame(
        {
            "run": [f"run-{number}" for number in range(count)],
            "network": "VGG16",
            "image_size_px": [64 * (number + 1) for number in range(count)],
            "up_sampled": False,
            "accuracy": accuracies,
            "accuracy_low": [accuracy - 0.01 for accuracy in accuracies],
            "accuracy_high": [min(1, accuracy + 0.01) for accuracy in accuracies],
            "training_minutes": 10.0,
            "latency_ms": math.nan,
            "memory_gb": 1.0,
            "parameters_millions": 15.0,
            "beside_paper": True,
        }
    )


def lines(figure) -> dict[str, float]:
    return {shape.name: shape.y0 for shape in figure.layout.shapes if shape.name}


def test_table_has_the_run_the_paper_and_the_baselines_best_first(results):
    scores, against = beside(2, results)
    table = shortcut_table(scores, against, beside_paper=True).set_index("name")
    assert list(table.index) == ["this run", "the paper", "colours", "corner", "majority"]
    assert table.loc["this run", "accuracy"] == pytest.approx(99)
    assert table.loc["the paper", "accuracy"] == 100 * HEADLINE["accuracy"]
    assert table.loc["colours", "difference"] == pytest.approx(2)
    assert table.loc[["this run", "the paper"], "p"].isna().all()
    assert table.loc["colours", "what"] == "Sees colours."


@pytest.mark.parametrize(
    ("classes", "name", "stands"),
    [
        (("Benign", "Malignant"), "Benign/a-{}.jpg", False),
        (CLASSES, "Benign/a-{}.jpg", True),
        (CLASSES, "Benign/benign-{:04d}.jpg", False),  # as drawn smears are called
        (CLASSES, "Original/Pro/WBC-Malignant-Pro-{:03d}.jpg", True),
    ],
)
def test_paper_stands_beside_photographs_of_its_own_classes_alone(classes, name, stands):
    run = answers(2, classes)
    run = replace(run, table=run.table.assign(path=[name.format(number) for number in range(N)]))
    assert run.beside_paper is stands
    assert run.are_drawn is ("benign-" in name)
    table = shortcut_table(
        run.score(), against_shortcuts(run, [result("colours", 6, classes)]), beside_paper=run.beside_paper
    )
    assert list(table["name"]) == ["this run", *(["the paper"] if stands else []), "colours"]


def test_figure_has_every_row_with_its_interval_and_a_line_at_the_run(results):
    table = shortcut_table(*beside(2, results), beside_paper=True)
    figure = shortcut_figure(table)
    assert [trace.x[0] for trace in figure.data] == list(table["accuracy"])
    assert [trace.x[0] - trace.error_x.arrayminus[0] for trace in figure.data if trace.y[0].startswith("colours")] == [
        pytest.approx(table.set_index("name").loc["colours", "low"])
    ]
    assert figure.layout.shapes[0].x0 == table["accuracy"][0]


@pytest.mark.usefixtures("all_resamples")
def test_network_above_every_shortcut_is_said_to_be_with_what_is_left(results):
    said = shortcut_verdict(*beside(0, [results[0], results[2]]))
    assert said.startswith("The network reaches 100.0 %, more than every shortcut.")
    assert "The shortcut “corner” reaches 75.0 %" in said
    assert "25.0 points (19.2 to 31.4)" in said


@pytest.mark.parametrize("wrong", [6, 9])
def test_shortcut_that_reaches_the_network_is_said_to(results, wrong):
    said = shortcut_verdict(*beside(wrong, results))
    assert said.startswith(f"The shortcut “colours” reaches 97.0 %; the network reaches {100 - wrong / 2:.1f} %.")
    assert "no evidence that it looks at cells" in said


def test_every_shortcut_that_reaches_the_network_is_named(results):
    said = shortcut_verdict(*beside(60, results))
    assert said.endswith("As good or better: “corner” (75.0 %).")


def test_shortcut_that_cannot_be_told_from_the_network_is_said_to_be(results):
    said = shortcut_verdict(*beside(5, results))
    assert "a paired test cannot tell the two apart (p = 1)" in said
    assert "hardly evidence" in said


def test_best_shortcut_is_the_most_accurate(results):
    assert best_shortcut(results).name == "colours"


@pytest.mark.parametrize(("figure", "row"), [(lambda table: size_figure(table, joined=True), 1), (pareto_figure, None)])
def test_lines_stand_at_the_accuracies_and_the_legend_names_them(results, figure, row):
    table = runs(0.95, 0.98)
    drawn = figure(table)
    draw_shortcuts(drawn, table, accuracies(results), row)
    assert lines(drawn) == {"shortcut: colours, 97.0 %": pytest.approx(97)}
    shape = next(shape for shape in drawn.layout.shapes if shape.name)
    assert (shape.yref, shape.showlegend, shape.line.color) == ("y", True, BASELINE)


def test_axis_holds_a_shortcut_above_every_run(results):
    table = runs(0.90, 0.92)
    drawn = pareto_figure(table)
    draw_shortcuts(drawn, table, accuracies(results))
    assert drawn.layout.yaxis.autorangeoptions.include == (pytest.approx(97),)


def test_shortcuts_far_below_are_told_and_not_drawn(results):
    table = runs(0.95, 0.98)
    assert shortcut_note(table, accuracies(results)).endswith("Below the figure: corner 75.0 %, majority 30.0 %.")
    assert "Below" not in shortcut_note(runs(0.2), accuracies(results))


def test_baseline_that_sees_cells_is_no_shortcut():
    cells = replace(result("cells", 1).baseline, sees_cells=True)
    results = (result("corner", 50), replace(result("cells", 1), baseline=cells))
    assert best_shortcut(results).name == "corner"
    scores, against = beside(10, results)
    assert list(against["sees_cells"]) == [True, False]
    assert "more than every shortcut. The shortcut “corner” reaches 75.0 %" in shortcut_verdict(scores, against)
