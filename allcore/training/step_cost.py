"""How long an epoch takes, found out on a few steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic

import numpy as np

from allcore.hardware import HardwarePlan
from allcore.training.batches import THREADS, Batch, BatchSource
from allcore.training.checkpoint import TrainingProgress, save_checkpoint
from allcore.training.epoch_weights import save_epoch_weights
from allcore.training.learner import Learner

_TIMED_STEPS = 3
_MADE_PER_THREAD = 2
"""How many batches are made in each thread to see how fast all make them."""


def compile_steps(learner: Learner, train: BatchSource, validation: BatchSource) -> None:
    """Take the steps that compile: a whole batch of train and validation each, and the last one, a smaller one."""
    for source, step in ((train, learner.train_batch), (validation, learner.score_batch)):
        for number in {0, source.steps - 1}:
            step(source.batch(0, number))


def epoch_of(
    learner: Learner, plan: HardwarePlan, train: BatchSource, validation: BatchSource, folder: Path
) -> tuple[float, float]:
    """Return images trained on a second, and the seconds of an epoch with its validation and checkpoint.

    Checkpoints are written into `folder`.
    """
    each_trained = _seconds_an_image(train, learner.train_batch, plan)
    each_scored = _seconds_an_image(validation, learner.score_batch, plan)
    began = monotonic()
    save_checkpoint(folder, learner.model, learner.optimizer, TrainingProgress())
    save_epoch_weights(folder, learner.model, 0)
    saving = monotonic() - began
    seconds = len(train.rows) * each_trained + len(validation.rows) * each_scored + saving
    return 1 / each_trained, seconds


def _seconds_an_image(source: BatchSource, step: Callable[[Batch], object], plan: HardwarePlan) -> float:
    """Return how long an image takes where threads make the batches of the next steps meanwhile."""
    batches = [source.batch(epoch, 0) for epoch in range(1, 1 + _TIMED_STEPS)]  # never the short one, the last
    began = monotonic()
    for batch in batches:
        step(batch)
    stepping = (monotonic() - began) / sum(len(batch.labels) for batch in batches)
    making = _seconds_to_make(source)
    return max(making, stepping) if plan.kind == "gpu" else making + stepping


def _seconds_to_make(source: BatchSource) -> float:
    """Return how long an image takes to be made by all threads at once: they wait for Python, and for each other."""
    count = _MADE_PER_THREAD * THREADS * source.config.batch_size
    some = replace(source, rows=np.random.default_rng(0).permutation(source.rows)[:count])
    began = monotonic()
    for _ in some.batches(1):
        pass
    return (monotonic() - began) / len(some.rows)
