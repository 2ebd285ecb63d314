"""A few training steps, timed: what a run of a configuration would take on this machine."""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psutil

from allcore.cells.maps import CellMaps, cell_maps
from allcore.config import TrainConfig
from allcore.data.catalog import scan
from allcore.data.decoded import DecodedImages, decoded_images
from allcore.data.labels.versions import label_version
from allcore.data.relations import find_relations_of
from allcore.data.splits.split import Split, make_split
from allcore.errors import RunError
from allcore.hardware import plan_hardware, set_before_tensorflow
from allcore.memory import imported_for_good, peak_memory
from allcore.runs.execution.devices import devices_here, see_only, suitable
from allcore.runs.execution.lease import device_lease
from allcore.runs.execution.preflight import check_can_be_served
from allcore.runs.measure import Measurement
from allcore.workspace import Workspace, open_workspace


def measure_steps(config: TrainConfig) -> Measurement:
    """Take a few steps and a look at what would follow them; nothing of it is kept.

    Raises `RunError` when no device of this machine is free for it or the device's memory is too small, `ConfigError`
    when the network is too large to be served.
    """
    workspace = open_workspace()
    fitting, name = suitable(config, devices_here()), f"measurement-{os.getpid()}"
    with device_lease(workspace.runs, name, time.time(), fitting, lambda: True, config.devices) as leased:
        if not leased:
            raise RunError("runs have this machine's devices, or wait for them; measure when one is free")
        see_only(leased)
        return _measure(config, _read(config, workspace))


class _Material(NamedTuple):
    """What a run of a configuration trains on, and the seconds that it took to read."""

    split: Split
    images: DecodedImages
    cells: CellMaps | None
    fingerprint: str
    seconds: float


def _read(config: TrainConfig, workspace: Workspace) -> _Material:
    began = time.monotonic()
    given = scan(Path(config.dataset), workspace.cache)
    catalog = label_version(given, config.variant, config.labels, workspace.judgements).catalog
    rows = catalog.trainable_images(config.variant)
    split = make_split(rows, config.split, find_relations_of(catalog, config.variant, workspace.cache))
    check_can_be_served(config, len(split.classes))
    images = decoded_images(catalog.root, rows, workspace.cache)
    changes = config.augment.changes_fields
    cells = cell_maps(images, list(rows["pixel_sha256"]), workspace.cache) if changes else None
    return _Material(split, images, cells, catalog.fingerprint(config.variant), time.monotonic() - began)


def _measure(config: TrainConfig, material: _Material) -> Measurement:
    set_before_tensorflow()
    with imported_for_good():
        import tensorflow as tf

        from allcore.training.batches import BatchSource
        from allcore.training.finish import TrainedRun
        from allcore.training.finish_cost import baseline_seconds, finishing_seconds
        from allcore.training.learner import Learner
        from allcore.training.step_cost import compile_steps, epoch_of
        from allcore.training.tensorflow_devices import tensorflow_devices

    split, images = material.split, material.images
    plan = plan_hardware(config, len(split.classes), tensorflow_devices())
    if plan.kind == "cpu":
        tf.config.set_visible_devices([], "GPU")
    parts = [split.rows("train"), split.rows("validation")]
    train = BatchSource(images, split.labels(), parts[0], config, augmented=True, cells=material.cells)
    validation = BatchSource(images, split.labels(), parts[1], config, augmented=False)
    learner = Learner(config, plan, len(split.classes))
    with TemporaryDirectory() as folder:
        run = TrainedRun(Path(folder), config, split, images, material.fingerprint)
        try:
            compile_steps(learner, train, validation)
            before = time.time() - psutil.Process().create_time() - material.seconds  # which a run finds cached
            speed, seconds = epoch_of(learner, plan, train, validation, run.folder)
            memory = learner.memory_bytes()
            after, baselines = finishing_seconds(run, learner.model), baseline_seconds(run)
        except (MemoryError, tf.errors.ResourceExhaustedError):
            raise RunError(
                "the device ran out of memory: use a smaller image size, batch size or micro-batch size"
            ) from None
    return Measurement(
        images_per_second=speed,
        before_seconds=before,
        seconds_per_epoch=seconds,
        after_seconds=after,
        baseline_seconds=baselines,
        total_seconds=before + config.epochs * seconds + after + baselines,
        images=(len(parts[0]), len(parts[1]), len(split.table)),
        memory_bytes=(peak_memory() or memory) if plan.kind == "cpu" else memory,
        device=plan.description,
    )
