"""What a run will take, from the plan and from how fast images were trained on before."""

import shutil

import pytest

from allcore.errors import ConfigError
from allcore.hardware import Devices
from allcore.runs.estimate import Speed, cost_key, epoch_seconds, estimate, former_speed
from allcore.runs.store import Run

MACHINE = Devices(cores=2, cpu_bfloat16=True, memory=24 * 2**30)


def test_scoring_counts_a_third_of_training():
    assert epoch_seconds(train_images=80, validation_images=30, images_per_second=10.0) == pytest.approx(9.0)


def test_time_follows_from_the_speed_and_the_split(finished_run):
    speed = Speed(10.0, "measured")
    expected = epoch_seconds(len(finished_run.split.rows("train")), len(finished_run.split.rows("validation")), 10.0)
    found = estimate(finished_run.config, finished_run.split, MACHINE, speed)
    assert found.seconds_per_epoch == expected
    assert found.total_seconds == finished_run.config.epochs * expected


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
    assert found == Speed(status.images_per_second, finished_run.id)


@pytest.mark.parametrize("field", [{"image_size": 64}, {"batch_size": 4}, {"trainable_from": "block3_conv1"}])
def test_former_run_with_other_steps_does_not(finished_run, field):
    config = finished_run.config.model_copy(update=field)
    assert former_speed(config, finished_run.status().device, [finished_run]) is None


def test_former_run_on_another_device_does_not(finished_run):
    assert former_speed(finished_run.config, "A100, mixed_bfloat16", [finished_run]) is None


def test_damaged_run_is_passed_over(finished_run, tmp_path):
    damaged = Run(shutil.copytree(finished_run.folder, tmp_path / "damaged"))
    (damaged.folder / "config.json").write_text("{")
    assert former_speed(finished_run.config, finished_run.status().device, [damaged, finished_run]) is not None


def test_steps_cost_the_same_whatever_is_learned(tiny_config):
    assert cost_key(tiny_config()) == cost_key(tiny_config(epochs=9, seed=3, learning_rate=0.1, weights="imagenet"))


@pytest.mark.parametrize("field", [{"image_size": 64}, {"device": "cpu"}, {"augment": {"degrees": 0.0}}])
def test_steps_cost_otherwise_with_other(tiny_config, field):
    assert cost_key(tiny_config()) != cost_key(tiny_config(**field))
