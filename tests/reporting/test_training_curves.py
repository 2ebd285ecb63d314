"""Charts of training: what is drawn for whom, and that they stay put while points come."""

import numpy as np
import pandas as pd
import pytest

from allcore.evaluation.scoring.intervals import wilson
from allcore.reporting.colours import sequence_colours
from allcore.reporting.training_curves import HEIGHT, LEGEND_ROW, MAX_POINTS, QUANTITIES, RunCurve, training_chart
from allcore.runs.folder.history import History

STEPS = 4
EMPTY = RunCurve("new", History(pd.DataFrame(), pd.DataFrame()))


def curve(name="a run", epochs=3, steps=STEPS, validation_groups=50):
    rng = np.random.default_rng(0)
    numbers = ["loss", "accuracy", "learning_rate", "images_per_second", "memory_bytes"]
    by_epoch = pd.DataFrame(rng.random((epochs, 7)), columns=[*numbers, "validation_loss", "validation_accuracy"])
    by_batch = pd.DataFrame(rng.random((epochs * steps, 5)), columns=numbers)
    by_batch["global_step"] = np.arange(1, epochs * steps + 1)
    by_batch["epoch"] = np.repeat(np.arange(epochs), steps)
    return RunCurve(name, History(by_epoch.assign(epoch=range(epochs)), by_batch), validation_groups)


def lines(chart):
    return chart.spec["layer"][-1]["encoding"]


def part(chart, name):
    return chart.points[chart.points["part"] == name]


@pytest.mark.parametrize("per", ["epoch", "batch"])
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_chart_has_axis_titles_and_one_height(quantity, per):
    chart = training_chart(quantity, per, [curve()])
    assert chart.spec["height"] == HEIGHT
    assert lines(chart)["x"]["title"] == {"epoch": "epoch", "batch": "optimizer step"}[per]
    assert lines(chart)["y"]["title"] == QUANTITIES[quantity].title


@pytest.mark.parametrize("per", ["epoch", "batch"])
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_new_points_leave_the_chart_itself_as_it_is(quantity, per):
    charts = [training_chart(quantity, per, [curve(epochs=epochs)]) for epochs in (0, 1, 3, 500)]
    assert all(chart.spec == charts[0].spec for chart in charts)
    assert [len(chart.points) > 0 for chart in charts] == [False, True, True, True]


@pytest.mark.parametrize("quantity", ["loss", "accuracy"])
def test_train_is_solid_with_dots_and_validation_dashed_with_diamonds(quantity):
    chart = training_chart(quantity, "epoch", [curve()])
    drawn = {
        "strokeDash": {"train": [1, 0], "validation": [6, 4]},
        "shape": {"train": "circle", "validation": "diamond"},
    }
    for channel, of_part in drawn.items():
        scale = lines(chart)[channel]["scale"]
        assert dict(zip(scale["domain"], scale["range"], strict=True)) == of_part
    assert set(chart.points["part"]) == {"train", "validation"}


def test_per_batch_validation_stands_at_the_last_step_of_its_epoch():
    run = curve()
    shown = part(training_chart("loss", "batch", [run]), "validation")
    last = run.history.batches.groupby("epoch")["global_step"].max()
    assert list(shown["x"]) == list(last[run.history.epochs["epoch"]])
    np.testing.assert_allclose(shown["y"], run.history.epochs["validation_loss"])


def test_smoothing_evens_train_out_and_leaves_validation_as_it_is():
    plain, smooth = (training_chart("loss", "epoch", [curve(epochs=50)], smoothing) for smoothing in (0.0, 0.9))
    assert part(smooth, "train")["y"].std() < part(plain, "train")["y"].std() / 2
    assert part(smooth, "validation").equals(part(plain, "validation"))


def test_epochs_are_counted_from_one_and_steps_as_the_optimizer_does():
    assert list(part(training_chart("loss", "epoch", [curve()]), "train")["x"]) == [1, 2, 3]
    assert list(part(training_chart("loss", "batch", [curve()]), "train")["x"]) == list(range(1, 3 * STEPS + 1))


@pytest.mark.parametrize(("quantity", "factor"), [("loss", 1), ("accuracy", 100), ("memory", 1e-9)])
def test_values_are_in_the_unit_that_the_axis_names(quantity, factor):
    column = QUANTITIES[quantity].column
    drawn = part(training_chart(quantity, "epoch", [curve()]), "train")["y"]
    np.testing.assert_allclose(drawn, factor * curve().history.epochs[column])


def test_validation_accuracy_of_one_run_has_its_wilson_interval():
    chart = training_chart("accuracy", "epoch", [curve()])
    low, high = wilson(50 * curve().history.epochs["validation_accuracy"], 50)
    np.testing.assert_allclose(part(chart, "validation")["low"], 100 * low)
    np.testing.assert_allclose(part(chart, "validation")["high"], 100 * high)
    assert part(chart, "train")[["low", "high"]].isna().all(axis=None)
    assert chart.spec["layer"][0]["mark"]["type"] == "area"


@pytest.mark.parametrize("runs", [[curve(validation_groups=None)], [curve("first"), curve("second")]])
def test_there_is_no_interval_where_it_is_unknown_or_would_hide_others(runs):
    chart = training_chart("accuracy", "epoch", runs)
    assert chart.points[["low", "high"]].isna().all(axis=None)
    assert len(chart.spec["layer"]) == 1


def test_several_runs_have_a_colour_each_and_a_legend():
    colour = lines(training_chart("accuracy", "epoch", [curve("first"), curve("second")]))["color"]
    assert colour["scale"] == {"domain": ["first", "second"], "range": sequence_colours(2)}
    assert colour["legend"] is not None


def test_twenty_runs_have_a_colour_each():
    chart = training_chart("loss", "epoch", [curve(str(number)) for number in range(20)])
    colours = lines(chart)["color"]["scale"]["range"]
    assert len(set(colours)) == 20
    assert colours[:8] == sequence_colours(8)


def test_a_legend_takes_no_room_from_the_curves():
    charts = [training_chart("loss", "epoch", [curve(str(number)) for number in range(runs)]) for runs in (1, 2, 3, 12)]
    assert [chart.spec["height"] - HEIGHT for chart in charts] == [0, LEGEND_ROW, 2 * LEGEND_ROW, 6 * LEGEND_ROW]


def test_one_run_needs_no_legend():
    assert lines(training_chart("loss", "epoch", [curve()]))["color"]["legend"] is None


def test_long_curves_are_averaged_to_few_points_and_keep_their_end():
    long = curve(epochs=100, steps=25)
    drawn = training_chart("loss", "batch", [long]).points
    assert len(drawn) <= MAX_POINTS
    assert drawn["x"].iloc[-1] == 2_500
    assert drawn["y"].iloc[0] == pytest.approx(long.history.batches["loss"].iloc[:3].mean())


def test_run_without_points_does_not_hide_the_others():
    chart = training_chart("loss", "epoch", [EMPTY, curve("second")])
    assert set(chart.points["run"]) == {"second"}
