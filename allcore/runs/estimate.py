"""How long a run will take, from how many images a second are trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allcore.config import TrainConfig
from allcore.errors import RunError
from allcore.runs.store import Run

VALIDATION_SPEEDUP = 3.0
"""About how many times faster images are scored than trained on: a forward pass without its backward pass."""


@dataclass(frozen=True)
class FormerSpeed:
    """How fast an earlier run was: its id, and the images a second that it trained on."""

    run_id: str
    images_per_second: float


def epoch_seconds(train_images: int, validation_images: int, images_per_second: float) -> float:
    """Return the seconds that one epoch takes: training on some images and scoring others."""
    return (train_images + validation_images / VALIDATION_SPEEDUP) / images_per_second


def former_speed(config: TrainConfig, device: str, runs: Iterable[Run]) -> FormerSpeed | None:
    """Return the speed of the first of `runs` that trained on `device` with steps as costly as those of `config`.

    `device` is a hardware plan's description: the same devices and the same precision.
    """
    for run in runs:
        try:
            status = run.status()
            alike = status.device == device and _cost(run.config) == _cost(config)
        except RunError:
            continue
        if alike and status.images_per_second:
            return FormerSpeed(run.id, status.images_per_second)
    return None


def _cost(config: TrainConfig) -> tuple[object, ...]:
    """Return the settings that decide how long an image takes."""
    return (config.image_size, config.trainable_from, config.head)
