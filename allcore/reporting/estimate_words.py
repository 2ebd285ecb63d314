"""What an estimate of a run is known from, and how its batches are divided, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allcore.number_text import speed

if TYPE_CHECKING:
    from allcore.runs.estimate import Estimate


def speed_source(estimate: Estimate) -> str:
    """Return how fast images are trained on, and from where that is known."""
    if estimate.speed is None:
        return "not measured"
    return f"{speed(estimate.speed.images_per_second)} images/s, {_known_from(estimate)}"


def memory_source(estimate: Estimate) -> str:
    """Return from where the memory is known."""
    return _known_from(estimate) if estimate.speed is not None and estimate.speed.memory_bytes else "estimated"


def division(estimate: Estimate) -> str:
    """Return which part of a batch is trained on at once."""
    batch, at_once = estimate.config.batch_size, estimate.plan.micro_batch_size * estimate.plan.replicas
    return "the whole batch" if at_once >= batch else f"of a batch of {batch}, in parts"


def _known_from(estimate: Estimate) -> str:
    return "measured" if estimate.speed is not None and estimate.speed.source == "measured" else "from an earlier run"
