"""Figures of training: what is drawn for whom, and that they stay put while points come."""

import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.intervals import wilson
from allcore.reporting.colours import sequence_colours
from allcore.reporting.curves import MAX_POINTS, QUANTITIES, RunCurve, training_figure
from allcore.runs.history import History

STEPS = 4
EMPTY = History(pd.DataFrame(), pd.DataFrame())


def curve(name="a run", epochs=3, steps=STEPS, validation_images=50):
    rng = np.random.default_rng(0)
    numbers = ["loss", "accuracy", "learning_rate", "images_per_second", "memory_bytes"]
    by_epoch = pd.DataFrame(rng.random((epochs, 7)), columns=[*numbers, "validation_loss", "validation_accuracy"])
    by_batch = pd.DataFrame(rng.random((epochs * steps, 5)), columns=numbers)
    by_batch["global_step"] = np.arange(1, epochs * steps + 1)
    return RunCurve(name, History(by_epoch.assign(epoch=range(epochs)), by_batch), validation_images)


def lines(figure):
    return {(trace.name, trace.line.dash): trace for trace in figure.data if trace.fill is None}


@pytest.mark.parametrize("per", ["epoch", "batch"])
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_chart_has_axis_titles_and_one_height(quantity, per):
    figures = [training_figure(quantity, per, curves) for curves in ([curve()], [RunCurve("new", EMPTY)])]
    assert {figure.layout.height for figure in figures} == {training_figure("loss", "epoch", []).layout.height}
    assert all(figure.layout.xaxis.title.text and figure.layout.yaxis.title.text for figure in figures)


@pytest.mark.parametrize("quantity", ["loss", "accuracy"])
def test_train_is_solid_and_validation_dashed(quantity):
    assert set(lines(training_figure(quantity, "epoch", [curve()]))) == {("train", "solid"), ("validation", "dash")}


def test_per_batch_there_is_no_validation():
    assert set(lines(training_figure("loss", "batch", [curve()]))) == {("train", "solid")}


def test_epochs_are_counted_from_one_and_steps_as_the_optimizer_does():
    assert list(training_figure("loss", "epoch", [curve()]).data[0].x) == [1, 2, 3]
    assert list(training_figure("loss", "batch", [curve()]).data[0].x) == list(range(1, 3 * STEPS + 1))


@pytest.mark.parametrize(("quantity", "factor"), [("loss", 1), ("accuracy", 100), ("memory", 2**-30)])
def test_values_are_in_the_unit_that_the_axis_names(quantity, factor):
    column = QUANTITIES[quantity].column
    drawn = lines(training_figure(quantity, "epoch", [curve()]))["train", "solid"].y
    np.testing.assert_allclose(drawn, factor * curve().history.epochs[column])


def test_validation_accuracy_of_one_run_has_its_wilson_interval():
    (band,) = [trace for trace in training_figure("accuracy", "epoch", [curve()]).data if trace.fill]
    low, high = wilson(50 * curve().history.epochs["validation_accuracy"], 50)
    np.testing.assert_allclose(band.y, 100 * np.concatenate([high, low[::-1]]))


def test_there_is_no_interval_where_the_number_of_images_is_unknown():
    figure = training_figure("accuracy", "epoch", [curve(validation_images=None)])
    assert not [trace for trace in figure.data if trace.fill]


def test_several_runs_have_a_colour_each_and_are_named_once():
    figure = training_figure("accuracy", "epoch", [curve("first"), curve("second")])
    colours = {trace.name: trace.line.color for trace in figure.data}
    assert list(colours.values()) == sequence_colours(2)
    assert [trace.name for trace in figure.data if trace.showlegend] == ["first", "second"]


def test_zoom_and_hidden_curves_outlast_new_points():
    before, after = (training_figure("loss", "epoch", [curve(epochs=epochs)]) for epochs in (2, 3))
    assert before.layout.uirevision == after.layout.uirevision
    assert [trace.uid for trace in before.data] == [trace.uid for trace in after.data]
    assert before.layout.uirevision != training_figure("loss", "batch", [curve()]).layout.uirevision


def test_long_curves_are_averaged_to_few_points_and_keep_their_end():
    long = curve(epochs=100, steps=25)
    drawn = training_figure("loss", "batch", [long]).data[0]
    assert len(drawn.x) <= MAX_POINTS
    assert drawn.x[-1] == 2_500
    group = long.history.batches["loss"].to_numpy()[:3]
    assert drawn.y[0] == pytest.approx(group.mean())


def test_run_without_points_says_so_and_hides_the_scale():
    figure = training_figure("loss", "epoch", [RunCurve("new", EMPTY)])
    assert figure.layout.annotations[0].text == "no points yet"
    assert figure.layout.yaxis.showticklabels is False


def test_run_without_points_does_not_hide_the_others():
    figure = training_figure("loss", "epoch", [RunCurve("new", EMPTY), curve("second")])
    assert not figure.layout.annotations
    assert {trace.name for trace in figure.data} == {"second"}
