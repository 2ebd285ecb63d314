"""`tradeoff`: runs by image size, the shipped example, and what it refuses."""

import os
import shutil

import pytest

from allcore.evaluation.tradeoff.points import tradeoff_point
from allcore.evaluation.tradeoff.record import EXAMPLE, read_tradeoff


def test_named_run_is_printed_with_its_costs(on_finished, finished_run):
    said = on_finished("tradeoff", "latest")
    point = tradeoff_point(finished_run)
    row = next(line for line in said.out.splitlines() if line.endswith(finished_run.id))
    assert f"{100 * point.accuracy:.2f}" in row
    assert f"{point.parameters / 1e6:.1f}" in row
    assert point.dataset in row
    assert "not all tested" not in said.out
    assert said.code == 0


def test_runs_that_label_an_image_differently_are_not_compared_and_that_is_said(command, workspace, finished_run):
    names = ["20261123-000000-vgg16-32px-aaaa", "20261123-000001-vgg16-32px-bbbb"]
    for name in names:
        shutil.copytree(finished_run.folder, workspace.runs / name, copy_function=os.link)
    file = workspace.runs / names[0] / "predictions.parquet"
    file.unlink()  # a link to the file that other tests read
    table = finished_run.predictions()
    table.assign(label=table["label"].replace("Pre", "Pro")).to_parquet(file)
    said = command("tradeoff", *names)
    assert said.code == 0
    assert "Not compared: 1 of 1 pair of runs" in said.out
    assert "not all tested on the same images under the same labels" in said.out


def test_json_is_the_record_with_latency_when_asked_for(on_finished, finished_run):
    (point,) = on_finished("tradeoff", "latest", "--latency", "--json").json["points"]
    assert (point["run"], point["epochs"]) == (finished_run.id, 3)
    assert point["latency_seconds"] > 0


def test_run_that_kept_no_model_is_printed_without_its_latency(command, workspace, finished_run):
    run = shutil.copytree(finished_run.folder, workspace.runs / finished_run.id, copy_function=os.link)
    (run / "model.onnx").unlink()
    (point,) = command("tradeoff", "latest", "--latency", "--json").json["points"]
    assert (point["run"], point["latency_seconds"]) == (finished_run.id, None)


def test_example_is_printed_without_a_run(command):
    said = command("tradeoff", "--example")
    record = read_tradeoff(EXAMPLE)
    for point in record.points:
        assert point.run in said.out
    assert record.devices[0] in said.out
    assert command("tradeoff", "--example", "--json").json == record.model_dump(mode="json")


def test_newest_study_is_meant_when_none_is_named(command):
    said = command("tradeoff")
    assert said.code == 2
    assert "no study in this workspace" in said.err


@pytest.mark.parametrize("more", [["latest"], ["--latency"]])
def test_example_takes_nothing_beside_it(command, more):
    said = command("tradeoff", "--example", *more)
    assert (said.code, said.out) == (2, "")
    assert "--example" in said.err


def test_run_that_has_not_succeeded_is_left_out(command, workspace, tiny_config, finished_run):
    from allcore.runs.folder.store import RunStore

    run = RunStore(workspace.runs).create(tiny_config(study="sizes"), finished_run.split)
    said = command("tradeoff", "sizes")
    assert said.code == 2
    assert f"run {run.id} is queued, and left out" in said.err
    assert "none of these runs has succeeded" in said.err
