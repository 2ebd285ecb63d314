"""What a run will take before it is launched: memory from the plan, time from how fast images are trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allcore.config import TrainConfig
from allcore.data.split import Split
from allcore.errors import RunError
from allcore.hardware import Devices, HardwarePlan, make_plan
from allcore.runs.store import Run

VALIDATION_SPEEDUP = 3.0
"""About how many times faster images are scored than trained on: a forward pass without its backward pass."""

_COSTLY = ("image_size", "batch_size", "trainable_from", "trainable_to", "head", "dense_units", "optimizer")
_COSTLY_HERE = (*_COSTLY, "device", "precision", "micro_batch_size", "augment", "dataset", "variant")


@dataclass(frozen=True)
class Speed:
    """Images a second, where they are known from (a run's id, or `measured`), and memory in bytes, if measured."""

    images_per_second: float
    source: str
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Estimate:
    """What a run would take: its hardware plan and, when its speed is known, seconds for an epoch and for all."""

    config: TrainConfig
    plan: HardwarePlan
    speed: Speed | None
    seconds_per_epoch: float | None
    total_seconds: float | None


def estimate(config: TrainConfig, split: Split, devices: Devices, speed: Speed | None) -> Estimate:
    """Return what a run of `config` on `split` would take. Raises `ConfigError` when a GPU is asked for and missing."""
    plan = make_plan(config, len(split.classes), devices)
    if speed is None:
        return Estimate(config, plan, None, None, None)
    seconds = epoch_seconds(len(split.rows("train")), len(split.rows("validation")), speed.images_per_second)
    return Estimate(config, plan, speed, seconds, config.epochs * seconds)


def epoch_seconds(train_images: int, validation_images: int, images_per_second: float) -> float:
    """Return the seconds that one epoch takes: training on some images and scoring others."""
    return (train_images + validation_images / VALIDATION_SPEEDUP) / images_per_second


def former_speed(config: TrainConfig, device: str, runs: Iterable[Run]) -> Speed | None:
    """Return the speed of the first of `runs` that trained on `device` with steps as costly as those of `config`.

    `device` is a hardware plan's description: the same devices and the same precision.
    """
    wanted = [getattr(config, name) for name in _COSTLY]
    for run in runs:
        try:
            status = run.status()
            alike = status.device == device and [getattr(run.config, name) for name in _COSTLY] == wanted
        except RunError:
            continue
        if alike and status.images_per_second:
            return Speed(status.images_per_second, run.id)
    return None


def cost_key(config: TrainConfig) -> str:
    """Return a text that is the same for configurations whose steps take the same time on this machine."""
    return config.model_dump_json(include=set(_COSTLY_HERE))
