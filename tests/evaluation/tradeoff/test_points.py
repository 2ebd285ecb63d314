import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allcore.errors import RunError
from allcore.evaluation.predictions.evaluate_model import evaluate_run
from allcore.evaluation.tradeoff.points import (
    on_front,
    pareto_front,
    point_names,
    runs_of_studies,
    tradeoff_point,
    tradeoff_table,
)
from allcore.runs.folder.store import Run, RunStore


@pytest.fixture(scope="module")
def point(finished_run):
    return tradeoff_point(finished_run)


def test_accuracy_and_its_interval_are_those_of_the_test_images(finished_run, point):
    scores = evaluate_run(finished_run, "test").scores
    assert (point.accuracy, point.accuracy_low, point.accuracy_high) == (scores.accuracy, *scores.intervals["accuracy"])
    assert point.test_images == scores.n


def test_training_time_is_the_sum_over_the_epochs(finished_run, point):
    epochs = finished_run.history().epochs
    assert len(epochs) == 3
    assert point.training_seconds == pytest.approx(sum(epochs["seconds"]))


def test_memory_is_the_most_that_was_reported(finished_run, point):
    history = finished_run.history()
    assert point.memory_bytes == max([*history.epochs["memory_bytes"], *history.batches["memory_bytes"]])


def test_parameters_are_the_networks(finished_run, point):
    config = finished_run.config
    assert point.parameters == config.parameter_count(4)


def test_latency_is_unknown_until_measured(point):
    assert point.latency_seconds is None


@pytest.mark.parametrize(("size", "up_sampled"), [(200, False), (224, False), (225, True), (300, True)])
def test_sizes_above_the_native_one_of_the_all_images_are_up_sampled(point, size, up_sampled):
    assert replace(point, image_size=size, images="ALL").up_sampled is up_sampled


def test_whose_images_they_are_is_told_by_their_names(finished_run, point, tmp_path):
    assert (point.images, point.up_sampled) == ("drawn", None)
    folder = shutil.copytree(finished_run.folder, tmp_path / finished_run.id, copy_function=os.link)
    (folder / "split.csv").unlink()  # a link to the file that other tests read
    table = finished_run.split.table
    names = [f"Original/Pro/WBC-Malignant-Pro-{number:03d}.jpg" for number in range(len(table))]
    table.assign(path=names).to_csv(folder / "split.csv", index=False)
    assert tradeoff_point(Run(folder)).images == "ALL"


def test_runs_are_called_by_their_size_and_only_where_that_is_not_enough_by_more(point):
    runs = [("1-aaaa", 64), ("2-aaaa", 96), ("3-bbbb", 96), ("4-cccc", 128), ("5-cccc", 128)]
    names = point_names([replace(point, run=run, image_size=size) for run, size in runs])
    assert list(names.values()) == ["64 px", "96 px (aaaa)", "96 px (bbbb)", "128 px (4-cccc)", "128 px (5-cccc)"]


def test_out_of_fold_predictions_of_several_seeds_are_called_by_their_seed(point):
    names = point_names([replace(point, run=f"image_size={point.image_size} seed={seed}") for seed in (0, 10)])
    assert list(names.values()) == [f"{point.image_size} px (seed={seed})" for seed in (0, 10)]


def test_run_without_predictions_has_no_point(tmp_path, tiny_config, finished_run):
    run = RunStore(tmp_path).create(tiny_config(), finished_run.split)
    with pytest.raises(RunError, match="no predictions"):
        tradeoff_point(run)


def test_studies_collect_the_runs_of_one_name_and_leave_out_damaged_ones(tmp_path, tiny_config, finished_run):
    store = RunStore(tmp_path)
    made = [store.create(tiny_config(study=name), finished_run.split) for name in ("a", None, "b", "a")]
    (made[3].folder / "config.json").write_text("{")
    found = runs_of_studies([Run(run.folder) for run in made])
    assert {name: [run.id for run in runs] for name, runs in found.items()} == {"a": [made[0].id], "b": [made[2].id]}


numbers = st.integers(0, 5).map(float)


@given(st.lists(st.tuples(numbers, numbers), max_size=12))
def test_point_is_on_the_front_unless_another_is_at_least_as_good_in_both_and_better_in_one(points):
    costs, gains = [cost for cost, _ in points], [gain for _, gain in points]
    expected = [
        not any((c <= cost and g >= gain) and (c < cost or g > gain) for c, g in points) for cost, gain in points
    ]
    assert list(pareto_front(costs, gains)) == expected


def test_table_is_ordered_by_size_and_each_cost_has_a_front(point):
    points = [
        replace(point, run="slow", image_size=64, training_seconds=600.0, accuracy=0.8),
        replace(point, run="worse", image_size=48, training_seconds=660.0, accuracy=0.7, memory_bytes=1),
        replace(point, run="fast", image_size=32, training_seconds=60.0, accuracy=0.6, latency_seconds=0.02),
    ]
    table = tradeoff_table(points)
    assert list(table["run"]) == ["fast", "worse", "slow"]
    assert list(on_front(table, "training_minutes")) == [True, False, True]
    assert list(on_front(table, "latency_ms")) == [True, False, False]
    assert list(on_front(table, "memory_gb")) == [False, True, True]
    assert list(table["training_minutes"]) == [1.0, 11.0, 10.0]
    np.testing.assert_equal(list(table["latency_ms"]), [20.0, np.nan, np.nan])


def test_run_without_training_time_is_in_the_table_but_not_on_the_front(point):
    table = tradeoff_table([point, replace(point, run="other", training_seconds=None)])
    assert dict(zip(table["run"], on_front(table, "training_minutes"), strict=True)) == {
        point.run: True,
        "other": False,
    }


def test_several_networks_are_told_apart_by_name(point):
    points = [replace(point, run="a", image_size=96), replace(point, run="b", image_size=96, network="ResNet50")]
    assert point_names(points) == {"a": "VGG16, 96 px", "b": "ResNet50, 96 px"}
    assert list(tradeoff_table(points)["network"]) == ["VGG16", "ResNet50"]
