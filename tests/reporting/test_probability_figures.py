import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.calibration import reliability_diagram
from allcore.reporting.colours import class_colours
from allcore.reporting.probability_curves import (
    class_scores_figure,
    precision_recall_figure,
    reliability_figure,
    roc_figure,
)

CLASSES = ("Benign", "Early", "Pre", "Pro")


@pytest.fixture(scope="module")
def predictions():
    rng = np.random.default_rng(0)
    numbers = np.arange(160) % 4
    p = rng.dirichlet(np.full(4, 0.8), 160) + 0.5 * np.eye(4)[numbers]
    p /= p.sum(axis=1, keepdims=True)
    table = pd.DataFrame({f"probability_{name}": p[:, number] for number, name in enumerate(CLASSES)})
    table["label"] = [CLASSES[number] for number in numbers]
    table["group"] = range(160)
    return RecordedPredictions(CLASSES, table)


@pytest.fixture(scope="module")
def scores(predictions):
    return predictions.score()


@pytest.mark.parametrize(("draw", "area"), [(roc_figure, "auroc"), (precision_recall_figure, "average_precision")])
def test_legend_gives_each_class_its_area_with_interval(predictions, scores, draw, area):
    names = [trace.name for trace in draw(predictions, scores).data[:4]]
    for label, name in zip(CLASSES, names, strict=True):
        of_class = scores.per_class[label]
        low, high = of_class.intervals[area]
        assert name == f"{label} {getattr(of_class, area):.3f} ({low:.3f} to {high:.3f})"


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
def test_curves_have_the_colours_of_their_classes(predictions, scores, draw):
    colours = [trace.line.color for trace in draw(predictions, scores).data[:4]]
    assert colours == list(class_colours(CLASSES).values())


@pytest.mark.parametrize(
    ("draw", "x", "y"),
    [
        (roc_figure, "1 - specificity (%)", "sensitivity (%)"),
        (precision_recall_figure, "sensitivity = recall (%)", "precision (%)"),
    ],
)
def test_axes_say_what_they_show(predictions, scores, draw, x, y):
    layout = draw(predictions, scores).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == (x, y)


def test_class_without_images_keeps_its_place_in_the_legend(predictions):
    absent = RecordedPredictions(CLASSES, predictions.table[predictions.table["label"] != "Pro"])
    curve = roc_figure(absent, absent.score()).data[3]
    assert (curve.name, len(curve.x)) == ("Pro (undefined)", 0)


def test_reliability_shows_filled_bins_with_their_intervals_and_the_count_of_every_bin(predictions):
    diagram = reliability_diagram(predictions.labels, predictions.probabilities, predictions.table["group"])
    _, points, bars = reliability_figure(diagram).data
    filled = diagram.counts > 0
    assert 0 < filled.sum() < len(filled)
    np.testing.assert_allclose(points.y, 100 * diagram.accuracy[filled])
    np.testing.assert_allclose(points.y + points.error_y.array, 100 * diagram.high[filled])
    np.testing.assert_allclose(points.y - points.error_y.arrayminus, 100 * diagram.low[filled])
    np.testing.assert_allclose(bars.y, diagram.counts)
    assert sum(int(text) for text in bars.text if text) == 160


def test_class_scores_stand_with_their_intervals(scores):
    trace = class_scores_figure(scores).data[1]
    low, high = scores.per_class["Early"].intervals["recall"]
    assert trace.name == "Early"
    assert trace.x[1] == 100 * scores.per_class["Early"].recall
    assert trace.x[1] + trace.error_x.array[1] == pytest.approx(100 * high)
    assert trace.x[1] - trace.error_x.arrayminus[1] == pytest.approx(100 * low)


def sure(truth, p):
    """Return predictions of classes A and B with these probabilities of A."""
    table = pd.DataFrame({"probability_A": p, "probability_B": 1 - np.array(p), "label": truth})
    return RecordedPredictions(("A", "B"), table.assign(group=range(len(table))))


def test_a_curve_has_the_threshold_of_a_point_as_the_table_of_thresholds_has_it():
    given = sure(list("ABAB") * 5, [0.9996, 0.9995, 0.0005, 0.0001] * 5)
    said = [each[2] for each in roc_figure(given, given.score()).data[0].customdata]
    assert said == ["none", "0.99955", "0.500", "0.0003", "0.000"]


def test_what_is_not_quite_all_is_not_said_to_be_all_of_any_point():
    given = sure(["A"] * 3000 + ["B"] * 20, [0.9997] * 2999 + [0.0002] + [0.0001] * 20)
    points = [tuple(each) for each in roc_figure(given, given.score()).data[0].customdata]
    assert points[1] == ("&gt; 99.9 %", "0.0 %", "0.500")
    assert points[2] == ("100.0 %", "0.0 %", "0.00015")
    assert class_scores_figure(given.score()).data[0].hovertext[1] == "&gt; 99.9 %"
    diagram = reliability_diagram(given.labels, given.probabilities, given.table["group"])
    (of_bin,) = reliability_figure(diagram).data[1].customdata
    assert tuple(of_bin) == ("&gt; 99.9 %", "&gt; 99.9 %", "3020")


@pytest.fixture(scope="module")
def many():
    """Return predictions of twenty classes, three images each."""
    classes = tuple(f"class {number:02}" for number in range(20))
    p = np.random.default_rng(0).dirichlet(np.ones(20), 60)
    table = pd.DataFrame({f"probability_{name}": p[:, number] for number, name in enumerate(classes)})
    table["label"] = [classes[number % 20] for number in range(60)]
    table["group"] = range(60)
    return RecordedPredictions(classes, table)


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
def test_curves_of_twenty_classes_can_be_told_apart(many, draw):
    drawn = [(trace.line.color, trace.line.dash) for trace in draw(many, many.score()).data]
    assert len(set(drawn)) == len(drawn) >= 20
    assert {dash for _, dash in drawn[:8]} == {"solid"}


def test_scores_of_twenty_classes_can_be_told_apart(many):
    drawn = {(trace.marker.color, trace.marker.symbol) for trace in class_scores_figure(many.score()).data}
    assert len(drawn) == 20
