"""A few training steps, timed: what a run of a configuration would take on this machine."""

from __future__ import annotations

import os
import time
from pathlib import Path

from allcore.cells.maps import cell_maps
from allcore.config import TrainConfig
from allcore.data.cache import decoded_images
from allcore.data.catalog import scan
from allcore.data.relations import find_relations
from allcore.data.split import make_split
from allcore.errors import RunError
from allcore.hardware import make_plan
from allcore.runs.estimate import epoch_seconds
from allcore.runs.lease import device_lease
from allcore.runs.measure import Measurement
from allcore.workspace import Workspace, open_workspace

TIMED_STEPS = 3


def measure_steps(config: TrainConfig) -> Measurement:
    """Train a first step, which compiles, and then `TIMED_STEPS`; nothing of them is kept.

    Raises `RunError` when a run has the device or the device's memory is too small.
    """
    workspace = open_workspace()
    with device_lease(workspace.runs, f"measurement-{os.getpid()}", time.time(), give_up=lambda: True) as leased:
        if not leased:
            raise RunError("a run has the device; measure when it has ended")
        return _measure(config, workspace)


def _measure(config: TrainConfig, workspace: Workspace) -> Measurement:
    catalog = scan(Path(config.dataset), workspace.cache)
    rows = catalog.trainable_images(config.variant)
    split = make_split(rows, config.split, find_relations(catalog.root, rows, workspace.cache))
    images = decoded_images(catalog.root, rows, workspace.cache)

    import tensorflow as tf

    from allcore.training.batches import BatchSource
    from allcore.training.hardware import look_at_devices
    from allcore.training.learner import Learner

    plan = make_plan(config, len(split.classes), look_at_devices())
    if plan.kind == "cpu":
        tf.config.set_visible_devices([], "GPU")
    train, validation = split.rows("train"), split.rows("validation")
    cells = None
    if config.augment.changes_fields:
        cells = cell_maps(images, list(rows["pixel_sha256"]), workspace.cache)
    source = BatchSource(images, split.labels(), train, config, augmented=True, cells=cells)
    learner = Learner(config, plan, len(split.classes))
    batches = [source.batch(epoch, 0) for epoch in range(1 + TIMED_STEPS)]  # the first of an epoch is never a short one
    try:
        learner.train_batch(batches[0])
        began = time.monotonic()
        for batch in batches[1:]:
            learner.train_batch(batch)
    except tf.errors.ResourceExhaustedError:
        raise RunError(
            "the device ran out of memory: use a smaller image size, batch size or micro-batch size"
        ) from None
    speed = sum(len(batch.labels) for batch in batches[1:]) / (time.monotonic() - began)
    seconds = epoch_seconds(len(train), len(validation), speed)
    return Measurement(speed, seconds, config.epochs * seconds, learner.memory_bytes(), plan.description)
