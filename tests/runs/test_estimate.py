"""What a run will take, from the plan and from how fast images were trained on before."""

import json
import os
from dataclasses import replace

import pytest

from allcore.config_parts import AugmentConfig
from allcore.errors import ConfigError
from allcore.hardware import Devices, Gpu
from allcore.runs.estimate import (
    PROCESS_BYTES,
    Speed,
    WholeRun,
    after_seconds,
    cost_key,
    epoch_seconds,
    estimate,
    former_speed,
)
from allcore.runs.folder.status import write_status
from tests.copies import copy_without_models

MACHINE = Devices(cores=2, cpu_bfloat16=True, memory=24 * 2**30)


def test_scoring_counts_a_third_of_training():
    assert epoch_seconds(train_images=80, validation_images=30, images_per_second=10.0) == pytest.approx(9.0)


def test_time_follows_from_the_speed_and_the_split_and_has_what_follows(finished_run):
    speed = Speed(10.0, "measured")
    split = finished_run.split
    expected = epoch_seconds(len(split.rows("train")), len(split.rows("validation")), 10.0)
    found = estimate(finished_run.config, split, MACHINE, speed)
    assert found.seconds_per_epoch == expected
    after = after_seconds(len(split.table), speed)
    assert after > 0
    assert found.total_seconds == finished_run.config.epochs * expected + after


def test_a_whole_that_is_known_is_scaled_to_the_split(finished_run):
    split = finished_run.split
    images = tuple(2 * len(split.rows(part)) for part in ("train", "validation")), 4 * len(split.table)
    speed = Speed(
        10.0,
        "measured",
        whole=WholeRun(before=7.0, epoch=20.0, after=30.0, baselines=10.0, images=(*images[0], images[1])),
    )
    found = estimate(finished_run.config, split, MACHINE, speed)
    assert found.seconds_per_epoch == pytest.approx(10.0)
    assert found.total_seconds == pytest.approx(7.0 + finished_run.config.epochs * 10.0 + 10.0)
    scored = estimate(finished_run.config, split, MACHINE, speed, scored=True)
    assert scored.total_seconds == pytest.approx(found.total_seconds - 2.5)


def test_memory_has_the_process_on_a_cpu_and_what_was_measured_where_it_was(finished_run):
    found = estimate(finished_run.config, finished_run.split, MACHINE, None)
    assert found.memory_bytes == found.plan.estimated_memory + PROCESS_BYTES
    with_images = estimate(finished_run.config, finished_run.split, MACHINE, None, image_bytes=10**9)
    assert with_images.memory_bytes == found.memory_bytes + 10**9
    measured = estimate(finished_run.config, finished_run.split, MACHINE, Speed(10.0, "measured", 3 * 2**30))
    assert measured.memory_bytes == 3 * 2**30


def test_memory_is_that_of_the_steps_on_a_gpu(finished_run):
    a100 = replace(MACHINE, gpus=(Gpu("A100", (8, 0), 40 * 2**30),))
    found = estimate(finished_run.config, finished_run.split, a100, None, image_bytes=10**9)
    assert found.plan.kind == "gpu"
    assert found.memory_bytes == found.plan.estimated_memory


def test_memory_has_the_maps_of_cells_where_the_recipe_changes_fields(finished_run):
    config = finished_run.config.model_copy(update={"augment": AugmentConfig(plain_field=0.5)})
    found = estimate(config, finished_run.split, MACHINE, None, image_bytes=3 * 10**9)
    assert found.memory_bytes == found.plan.estimated_memory + PROCESS_BYTES + 4 * 10**9


@pytest.mark.parametrize(
    ("fields", "epochs", "is_whole"),
    [({}, 3, True), ({"segment": 1}, 3, False), ({"state": "cancelled"}, 3, False), ({}, 2, True), ({}, 1, False)],
)
def test_only_a_run_that_went_through_in_one_go_tells_what_the_whole_takes(
    finished_run, tmp_path, fields, epochs, is_whole
):
    """Of one epoch the time before it cannot be told from its own."""
    run = copy_without_models(finished_run, tmp_path / "copied")
    write_status(run.folder, run.status().model_copy(update=fields))
    file = run.folder / "metrics.jsonl"
    lines = [line for line in file.read_text().splitlines() if json.loads(line)["epoch"] < epochs]
    file.write_text("".join(f"{line}\n" for line in lines))
    found = former_speed(run.config, run.status().device, [run])
    assert (found.whole is not None) == is_whole
    assert found.images_per_second == run.status().images_per_second


def test_a_run_that_came_to_its_end_tells_what_the_whole_takes(finished_run):
    status, ends = finished_run.status(), finished_run.history().epochs["time"]
    whole = former_speed(finished_run.config, status.device, [finished_run]).whole
    assert whole.images[2] == len(finished_run.split.table)
    told = whole.before + len(ends) * whole.epoch + whole.after + whole.baselines
    assert told == pytest.approx(status.heartbeat - status.started, rel=0.25)
    again = estimate(
        finished_run.config,
        finished_run.split,
        MACHINE,
        former_speed(finished_run.config, status.device, [finished_run]),
    )
    assert again.total_seconds == pytest.approx(told)


def test_clock_of_the_disk_that_differs_from_the_worker_s_changes_nothing_of_the_whole(finished_run, tmp_path):
    device, copied = finished_run.status().device, copy_without_models(finished_run, tmp_path / "copied")
    for path in copied.folder.iterdir():
        os.utime(path, (path.stat().st_mtime - 3600,) * 2)
    found, wanted = (former_speed(finished_run.config, device, [run]).whole for run in (copied, finished_run))
    assert found.baselines == pytest.approx(wanted.baselines, abs=1e-3)


def test_a_run_without_an_end_lends_its_speed_where_no_other_has_one(finished_run, tmp_path):
    device = finished_run.status().device
    stopped = copy_without_models(finished_run, tmp_path / "stopped")
    write_status(stopped.folder, finished_run.status().model_copy(update={"state": "cancelled"}))
    assert former_speed(finished_run.config, device, [stopped]).whole is None
    assert former_speed(finished_run.config, device, [stopped, finished_run]).source == finished_run.id


def test_a_run_that_found_the_baselines_scored_tells_what_the_whole_takes_where_no_other_scored_them(
    finished_run, tmp_path
):
    status, last = finished_run.status(), float(finished_run.history().epochs["time"].iloc[-1])

    def took(name, seconds):
        """Return a copy of the run that scored the baselines in so many of the 100 seconds after its last epoch."""
        run = copy_without_models(finished_run, tmp_path / name)
        write_status(run.folder, status.model_copy(update={"heartbeat": last + 100.0}))
        ended = (run.folder / "status.json").stat().st_mtime
        os.utime(run.folder / "predictions.parquet", (ended - seconds, ended - seconds))
        return run

    found, scored = took("found", 0.0), took("scored", 60.0)
    assert former_speed(finished_run.config, status.device, [found]).source == found.id
    both = former_speed(finished_run.config, status.device, [found, scored])
    assert both.source == scored.id
    assert both.whole.baselines == pytest.approx(60.0, abs=1e-3)


def test_without_a_speed_there_is_a_plan_and_no_time(finished_run):
    found = estimate(finished_run.config, finished_run.split, MACHINE, None)
    assert found.plan.estimated_memory > 0
    assert (found.seconds_per_epoch, found.total_seconds) == (None, None)


def test_missing_gpu_is_said_before_launching(finished_run):
    config = finished_run.config.model_copy(update={"device": "gpu"})
    with pytest.raises(ConfigError, match="gpu was asked for"):
        estimate(config, finished_run.split, MACHINE, None)


def test_former_run_with_steps_alike_lends_its_speed(finished_run):
    status = finished_run.status()
    other = finished_run.config.model_copy(update={"epochs": 50, "seed": 7, "learning_rate": 0.1})
    found = former_speed(other, status.device, [finished_run])
    assert (found.images_per_second, found.source) == (status.images_per_second, finished_run.id)
    assert found.memory_bytes == status.peak_memory > 100e6


@pytest.mark.parametrize(
    "field",
    [
        {"image_size": 64},
        {"batch_size": 4},
        {"trainable_from": "block3_conv1"},
        {"augment": AugmentConfig(transplant=0.5)},
    ],
)
def test_former_run_with_other_steps_does_not(finished_run, field):
    config = finished_run.config.model_copy(update=field)
    assert former_speed(config, finished_run.status().device, [finished_run]) is None


@pytest.mark.parametrize("field", [{"dataset": "other"}, {"variant": "Segmented"}])
def test_former_run_on_other_images_lends_its_speed_and_not_its_memory(finished_run, field):
    status = finished_run.status()
    found = former_speed(finished_run.config.model_copy(update=field), status.device, [finished_run])
    assert (found.images_per_second, found.memory_bytes) == (status.images_per_second, None)


def test_memory_is_that_of_a_former_run_whose_dataset_was_reached_by_a_link(finished_run, tmp_path):
    (tmp_path / "link").symlink_to(finished_run.config.dataset)
    config = finished_run.config.model_copy(update={"dataset": str(tmp_path / "link")})
    found = former_speed(config, finished_run.status().device, [finished_run])
    assert found.memory_bytes == finished_run.status().peak_memory


def test_former_run_on_another_device_does_not(finished_run):
    assert former_speed(finished_run.config, "A100, mixed_bfloat16", [finished_run]) is None


def test_damaged_run_is_passed_over(finished_run, tmp_path):
    damaged = copy_without_models(finished_run, tmp_path / "damaged")
    (damaged.folder / "config.json").write_text("{")
    assert former_speed(finished_run.config, finished_run.status().device, [damaged, finished_run]) is not None


def test_steps_cost_the_same_whatever_is_learned(tiny_config):
    assert cost_key(tiny_config()) == cost_key(tiny_config(epochs=9, seed=3, learning_rate=0.1, weights="imagenet"))


@pytest.mark.parametrize("field", [{"image_size": 64}, {"device": "cpu"}, {"augment": {"degrees": 0.0}}])
def test_steps_cost_otherwise_with_other(tiny_config, field):
    assert cost_key(tiny_config()) != cost_key(tiny_config(**field))


def test_memory_is_estimated_within_a_quarter_of_what_a_run_took(finished_run):
    found = estimate(finished_run.config, finished_run.split, MACHINE, None, image_bytes=64 * 48 * 48 * 3)
    assert found.memory_bytes == pytest.approx(finished_run.status().peak_memory, rel=0.25)
