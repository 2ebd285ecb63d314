from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from allcore.evaluation.tradeoff.points import TradeoffPoint, tradeoff_table
from allcore.paper import TABLE_1, TABLE_2
from allcore.reporting.tradeoff import differently_tested, pareto_figure, published_table, size_figure

made = partial(TradeoffPoint, beside_paper=True)
POINT = made("small", "smears", "random", 96, 8, 260, 0.90, 0.86, 0.93, 120.0, 10**9, 15_000_000)
LARGE = made("large", "smears", "random", 300, 8, 260, 0.95, 0.92, 0.97, 900.0, 3 * 10**9, 57_000_000)
WORSE = made("worse", "smears", "random", 200, 8, 260, 0.89, 0.85, 0.92, 800.0, 2 * 10**9, 33_000_000)
TIMED = made("timed", "smears", "random", 48, 8, 260, 0.8, 0.7, 0.9, 60.0, 10**9, 15_000_000, 0.02)


def draw(*points, joined=True):
    return size_figure(tradeoff_table(points), joined=joined)


def runs(figure):
    return [trace for trace in figure.data if trace.legendgroup == "runs"]


def titles(figure):
    return [axis.title.text for axis in figure.select_yaxes()]


def test_each_measure_has_a_panel_of_its_own():
    assert titles(draw(POINT, LARGE)) == [
        "test accuracy (%)",
        "training time (min)",
        "memory (GB)",
        "parameters (millions)",
    ]


def test_time_for_one_image_has_a_panel_once_one_run_is_measured():
    assert "time for one image (ms)" in titles(draw(POINT, TIMED))


def test_run_without_training_time_is_drawn_without_that_panel():
    assert "training time (min)" not in titles(draw(replace(POINT, training_seconds=None)))


def test_accuracy_has_its_interval():
    accuracy = runs(draw(POINT, LARGE))[0]
    np.testing.assert_allclose(accuracy.y + accuracy.error_y.array, [93, 97])
    np.testing.assert_allclose(accuracy.y - accuracy.error_y.arrayminus, [86, 92])


def test_up_sampled_sizes_of_the_all_images_are_open_markers_and_their_native_size_is_labelled():
    figure = draw(*(replace(point, images="ALL") for point in (POINT, LARGE)))
    assert list(runs(figure)[0].marker.symbol) == ["circle", "circle-open"]
    assert {note.text for note in figure.layout.annotations} == {"native, 224 px", "up-sampled"}


@pytest.mark.parametrize("images", [None, "drawn"])
def test_nothing_is_called_up_sampled_whose_size_is_not_known(images):
    points = [replace(point, images=images) for point in (POINT, LARGE)]
    for figure in (draw(*points), pareto_figure(tradeoff_table(points))):
        assert "up-sampled" not in figure.to_json()
        assert "native" not in figure.to_json()
        assert "circle-open" not in figure.to_json()


def test_where_the_size_of_some_images_alone_is_known_their_runs_alone_are_marked():
    figure = draw(replace(LARGE, images="ALL"), replace(LARGE, run="mine", image_size=301))
    assert list(runs(figure)[0].marker.symbol) == ["circle-open", "circle"]
    assert not figure.layout.annotations


@pytest.mark.parametrize(("joined", "mode"), [(True, "lines+markers"), (False, "markers")])
def test_only_the_runs_of_a_study_are_joined(joined, mode):
    assert runs(draw(POINT, LARGE, joined=joined))[0].mode == mode


def test_papers_table_stands_beside_in_accuracy_and_time():
    accuracy, minutes = (trace for trace in draw(POINT).data if trace.legendgroup == "paper")
    assert dict(zip(accuracy.x, accuracy.y, strict=True)) == {row.image_size: 100 * row.accuracy for row in TABLE_1}
    assert dict(zip(minutes.x, minutes.y, strict=True)) == {
        row.image_size: row.training_seconds / 60 for row in TABLE_1
    }


def test_nothing_of_the_paper_stands_beside_a_run_of_other_classes_or_of_drawn_images():
    points = [POINT, replace(LARGE, beside_paper=False)]
    for figure in (draw(*points), pareto_figure(tradeoff_table(points))):
        assert "paper" not in " ".join(str(trace.name) for trace in figure.data)
    shapes = draw(replace(POINT, images="ALL", beside_paper=False)).layout.shapes
    assert max(shape.x1 for shape in shapes) < max(row.image_size for row in TABLE_1)  # the axis ends with the runs


def test_runs_are_said_to_be_differently_tested_where_images_or_labels_differ():
    assert differently_tested([replace(POINT, tested="a"), replace(LARGE, tested="a")]) == ""
    assert differently_tested([POINT, LARGE]) == ""
    said = differently_tested([replace(POINT, tested="a"), replace(LARGE, tested="b")])
    assert said.startswith("These runs were not all tested on the same images under the same labels")


def test_front_joins_the_runs_that_none_beats():
    front, dots, _ = pareto_figure(tradeoff_table([POINT, LARGE, WORSE])).data
    assert list(front.x) == [2.0, 15.0]
    assert sorted(dots.customdata) == ["large", "small", "worse"]


def test_an_accuracy_that_is_not_all_is_not_rounded_to_it_where_it_is_pointed_at():
    point = replace(POINT, accuracy=0.9997)
    of_sizes, of_costs = runs(draw(point))[0], pareto_figure(tradeoff_table([point])).data[1]
    for trace in (of_sizes, of_costs):
        assert list(trace.hovertext) == ["> 99.9 %"]
        assert "%{hovertext}" in trace.hovertemplate


def test_accuracy_is_held_against_another_cost_where_that_is_asked_for():
    mobile = replace(TIMED, run="mobile", network="MobileNetV3-Small", latency_seconds=0.005, accuracy=0.85)
    front, dots = pareto_figure(tradeoff_table([POINT, TIMED, mobile]), "latency_ms").data
    assert list(front.x) == [5.0]
    assert sorted(zip(dots.text, dots.x, strict=True)) == [("MobileNetV3-Small, 48 px", 5.0), ("VGG16, 48 px", 20.0)]


def test_runs_stand_below_what_is_published_with_their_intervals():
    table = published_table(tradeoff_table([POINT, LARGE]))
    published = sum(len(values) for _, values in TABLE_2)
    assert list(table["source"][published:]) == ["large, 300 px", "small, 96 px"]
    assert tuple(table.loc[published, ["accuracy", "low", "high"]]) == pytest.approx((95, 92, 97))
    assert table["low"][:published].isna().all()
    assert table["accuracy"][published - 1] == pytest.approx(96.59)
