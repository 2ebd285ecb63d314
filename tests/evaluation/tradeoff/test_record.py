"""A trade-off as one record: made of runs, written and read, and the one that comes with the app."""

import json
import os
import shutil
from dataclasses import replace
from itertools import combinations

import pytest

from allcore.errors import RunError
from allcore.evaluation.shortcuts import cached_shortcuts_of_run
from allcore.evaluation.tradeoff.points import point_names, tradeoff_point
from allcore.evaluation.tradeoff.record import EXAMPLE, ROUNDS, read_tradeoff, record_tradeoff
from allcore.networks.vgg16 import VGG16
from allcore.paper import CLASSES
from allcore.recipe import train_command
from allcore.runs.folder.store import Run


@pytest.fixture
def runs(finished_run, tmp_path):
    """Two runs that answer alike, the first at twice the size by its configuration."""
    made = []
    for size in (64, 32):
        folder = tmp_path / f"20261123-000000-vgg16-{size}px-abcd"
        shutil.copytree(finished_run.folder, folder, copy_function=os.link)
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").unlink()  # a link to the file that other tests read
        (folder / "config.json").write_text(json.dumps(config | {"image_size": size}))
        made.append(Run(folder))
    return made


def test_record_holds_the_points_by_size_the_tests_and_how_they_were_made(runs, tmp_path):
    record = record_tradeoff(runs, tmp_path, timed=False)
    assert list(record.points) == [tradeoff_point(run) for run in runs[::-1]]
    (test,) = record.tests
    assert (test["first"], test["second"], test["p_holm"], test["apart"]) == ("32 px", "64 px", 1.0, False)
    assert record.commands == tuple(train_command(run.config) for run in runs[::-1])
    assert record.devices == (runs[0].status().device,)
    assert record.shortcuts is None


def test_latency_is_measured_where_asked_for(runs, tmp_path):
    assert all(point.latency_seconds > 0 for point in record_tradeoff(runs, tmp_path, timed=True).points)


def test_latencies_are_the_median_of_rounds_in_which_the_models_take_turns(runs, tmp_path, monkeypatch):
    seconds = iter([0.9, 0.8, *[0.1, 0.2] * (ROUNDS - 1)])  # the machine was busy at first
    timed = []

    def measured(point, model):
        timed.append(point.image_size)
        return replace(point, latency_seconds=next(seconds))

    monkeypatch.setattr("allcore.evaluation.tradeoff.record.measured_latency", measured)
    points = record_tradeoff(runs, tmp_path, timed=True).points
    assert timed == [32, 64] * ROUNDS
    assert [point.latency_seconds for point in points] == [0.1, 0.2]


def test_shortcuts_that_were_computed_are_in_it(runs, finished):
    cache = finished.workspace.cache  # where the worker kept them
    results = cached_shortcuts_of_run(runs[0], cache)
    assert record_tradeoff(runs, cache, timed=False).shortcuts == {
        each.name: each.scores.accuracy for each in results if not each.baseline.sees_cells
    }


def test_record_is_read_as_it_was_written(runs, tmp_path):
    record = record_tradeoff(runs, tmp_path, timed=False)
    file = tmp_path / "tradeoff.json"
    file.write_text(record.model_dump_json())
    assert read_tradeoff(file) == record


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"cannot be read \(it is not JSON text\)"),
        ("[" * 10_000, r"cannot be read \(it is not JSON text\)"),
        ("{}", r"damaged \(devices, commands"),
        ("[]", "damaged"),
        (None, r"cannot be read \(it does not exist\)"),
    ],
)
def test_file_that_is_no_record_is_named(tmp_path, content, message):
    file = tmp_path / "tradeoff.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(RunError, match=f"^tradeoff.json .*{message}"):
        read_tradeoff(file)


def test_record_of_another_schema_is_refused(tmp_path):
    file = tmp_path / "tradeoff.json"
    file.write_text(json.dumps(json.loads(EXAMPLE.read_text()) | {"schema_number": 99}))
    with pytest.raises(RunError, match="schema 99, this version reads 1; use the version that wrote it"):
        read_tradeoff(file)


def test_newer_schema_is_named_even_where_its_fields_are_others(tmp_path):
    file = tmp_path / "tradeoff.json"
    file.write_text('{"schema_number": 99, "places": []}')
    with pytest.raises(RunError, match="schema 99, this version reads 1"):
        read_tradeoff(file)


def test_example_covers_the_sizes_with_everything_known_of_each():
    record = read_tradeoff(EXAMPLE)
    sizes = [point.image_size for point in record.points]
    assert {64, 96, 128} <= set(sizes)
    for point in record.points:
        assert None not in vars(point).values()
        assert 0 < point.accuracy_low <= point.accuracy <= point.accuracy_high <= 1
        assert point.parameters == VGG16.parameter_count(point.image_size, len(CLASSES), "flatten", 1024)
        assert (point.dataset, point.split) == ("Original", "grouped")
    assert len({point.test_images for point in record.points}) == 1
    assert record.shortcuts["colour histogram"] > record.shortcuts["majority"]


def test_example_has_the_fields_that_a_record_has_now():
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert example == read_tradeoff(EXAMPLE).model_dump(mode="json")


def test_example_compares_every_two_of_its_runs():
    record = read_tradeoff(EXAMPLE)
    called = point_names(record.points)
    names = [called[point.run] for point in record.points]
    assert [(row["first"], row["second"]) for row in record.tests] == list(combinations(names, 2))
    accuracy = {called[point.run]: point.accuracy for point in record.points}
    for row in record.tests:
        assert row["difference"] == pytest.approx(accuracy[row["first"]] - accuracy[row["second"]])


def test_example_names_no_folder_of_the_machine_that_made_it():
    assert not [command for command in read_tradeoff(EXAMPLE).commands if "/" in command]
