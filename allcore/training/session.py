"""One worker's session: put the data, the model and the plan together, train, and write the results."""

from __future__ import annotations

import json
import math
import platform
import subprocess
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from allcore import __version__
from allcore.cells.maps import CellMaps, cell_maps, check_smears
from allcore.config import TrainConfig
from allcore.data.catalog import fingerprint
from allcore.data.decoded import DecodedImages, decoded_images
from allcore.data.splits.split import Split
from allcore.errors import WeightsError
from allcore.evaluation.shortcuts import cached_shortcuts, shortcut_scores
from allcore.hardware import HardwarePlan, normalised_in_parts, plan_hardware
from allcore.installation import IS_INSTALLED, PROJECT, command_that_adds
from allcore.progress import Phase
from allcore.runs.estimate import Speed, after_seconds, former_speed
from allcore.runs.folder.files import CHECKPOINTS_FOLDER, ENVIRONMENT_FILE
from allcore.runs.folder.store import Run, RunStore
from allcore.runs.recorded_images import images_of_run
from allcore.training.batches import BatchSource
from allcore.training.checkpoint import has_checkpoint
from allcore.training.finish import TrainedRun, results_are_whole, write_results
from allcore.training.learner import Learner, balanced_class_weights
from allcore.training.load_weights import load_initial_weights
from allcore.training.loop import Stopped, Trainer
from allcore.training.reporter import Reporter
from allcore.training.tensorflow_devices import tensorflow_devices
from allcore.training.wait_for_room import write_when_there_is_room
from allcore.workspace import open_workspace
from allcore.writing import write_whole

_RECORDED_PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless", "onnx", "onnxruntime", "pillow")


def carry_out(folder: Path, reporter: Reporter, stop_requested: Callable[[], bool]) -> bool:
    """Train the run in `folder`, from its last checkpoint if it has one, and write its results; False when stopped.

    A run whose results are whole is not trained again: only what follows them is done. Raises `InputError` when the
    dataset or the weights are no longer what the run was made with.
    """
    run = Run(folder)
    end: float | None = None

    def on_phase(phase: str) -> None:
        left = None if end is None else end - time.monotonic()
        reporter.update(phase=phase, eta_seconds=left if left is not None and left > 0 else None)
        if stop_requested():
            raise Stopped

    try:
        images = None
        if not results_are_whole(run):
            plan = _take_devices(run, reporter)
            rows, images = _open_images(run, on_phase)
            cells = _find_cells(run, rows, images, on_phase)
            dataset = fingerprint(rows.assign(label=run.split.table["label"].to_numpy()))
            source = partial(_source, run, images)
            after = _after_seconds(run, plan)
            model = _train(
                run, plan, source("train", cells), source("validation"), dataset, reporter, stop_requested, after
            )
            end = time.monotonic() + after(reporter.status.images_per_second or math.inf)
            trained = TrainedRun(folder, run.config, run.split, images, dataset)
            write_when_there_is_room(lambda: write_results(trained, model, on_phase), on_phase, reporter.warn)
        _score_shortcuts(run, images, reporter, on_phase)
    except Stopped:
        return False
    return True


def _take_devices(run: Run, reporter: Reporter) -> HardwarePlan:
    plan = _plan(run, reporter.warn)
    cv2.setNumThreads(1)  # batches are made in threads already; OpenCV's own slowed them to 0.8 on 16 cores
    if plan.kind == "cpu":
        tf.config.set_visible_devices([], "GPU")  # or TensorFlow would use a GPU that was not asked for
        if any(name.startswith("GPU") for name in reporter.status.devices):
            reporter.warn(
                f"{reporter.status.devices[0]} is there and TensorFlow cannot use it, so the processor trains: install "
                f"TensorFlow with CUDA ({command_that_adds('gpu')})"
            )
    reporter.update(device=plan.description)
    return plan


def _train(
    run: Run,
    plan: HardwarePlan,
    train: BatchSource,
    validation: BatchSource,
    dataset_fingerprint: str,
    reporter: Reporter,
    stop_requested: Callable[[], bool],
    after_seconds: Callable[[float], float],
) -> keras.Model:
    """Train and return the model, with the weights to be served."""
    config = run.config
    learner = Learner(config, plan, len(run.split.classes), _class_weights(config, run.split))
    reporter.update(phase="loading weights")
    _write_environment(run.folder, plan, _initial_weights(run, learner.model), dataset_fingerprint)
    trainer = Trainer(
        config=config,
        plan=plan,
        learner=learner,
        train=train,
        validation=validation,
        folder=run.folder,
        reporter=reporter,
        stop_requested=stop_requested,
        after_seconds=after_seconds,
    )
    trainer.run()
    return learner.model


def _initial_weights(run: Run, model: keras.Model) -> dict[str, str | None] | None:
    """Put the initial weights into the model, where no checkpoint has others, and return where they came from.

    Raises `WeightsError` where they cannot be had, or the run began with others.
    """
    recorded: dict[str, str | None] | None = run.environment().get("weights")
    if has_checkpoint(run.folder / CHECKPOINTS_FOLDER):
        return recorded
    weights = load_initial_weights(model, run.config)
    if recorded is not None and recorded.get("sha256") != weights["sha256"]:
        raise WeightsError(
            f"run {run.id} began with the weights of {recorded.get('source')}, SHA-256 {recorded.get('sha256')}, and "
            f"those of {weights['source']} are now others, {weights['sha256']}: put that file back, or start a new run"
        )
    return weights


def _after_seconds(run: Run, plan: HardwarePlan) -> Callable[[float], float]:
    """Return what tells how long what follows the training takes, as a former run's did or by the speed of training."""
    others = (other for other in RunStore(run.folder.parent).runs() if other.id != run.id)
    former = former_speed(run.config, plan.description, others)
    images = len(run.split.table)
    if former is not None and former.whole is not None:
        known = after_seconds(images, former, scored=cached_shortcuts(run.split, open_workspace().cache) is not None)
        return lambda images_per_second: known
    return lambda images_per_second: after_seconds(images, Speed(images_per_second, run.id))


def _plan(run: Run, warn: Callable[[str], None]) -> HardwarePlan:
    """Return the plan for this machine; a resumed run stays in the precision in which it began, and its steps the same.

    Batches are divided as before where a trunk normalises each part, else into no larger parts than before. All else
    is this machine's: devices, XLA, how the gradients of kernels are computed, and what a step takes.
    """
    plan = _plan_as_begun(run, warn)
    if said := normalised_in_parts(run.config, plan):
        warn(said)
    return plan


def _plan_as_begun(run: Run, warn: Callable[[str], None]) -> HardwarePlan:
    classes, devices = len(run.split.classes), tensorflow_devices()
    plan = plan_hardware(run.config, classes, devices)
    before = run.environment().get("plan")
    if before is None:
        return plan
    if before["precision"] != plan.precision:
        warn(f"the run stays in {before['precision']}, as it began; one that began here would be in {plan.precision}")
    config, images = run.config.model_copy(update={"precision": before["precision"]}), before["micro_batch_size"]
    if not config.trunk.batch_normalised:
        images = min(images, plan_hardware(config, classes, devices).micro_batch_size)
    return plan_hardware(config.model_copy(update={"micro_batch_size": images}), classes, devices)


def _open_images(run: Run, on_phase: Phase) -> tuple[pd.DataFrame, DecodedImages]:
    """Return catalog rows in the order of the split's, with the labels of the folders, and their decoded images."""
    on_phase("reading the dataset")
    cache = open_workspace().cache
    catalog, rows = images_of_run(run, cache)

    def progress(done: int, total: int) -> None:
        on_phase(f"decoding images, {done} of {total}")

    return rows, decoded_images(catalog.root, rows, cache, progress)


def _find_cells(run: Run, rows: pd.DataFrame, images: DecodedImages, on_phase: Phase) -> CellMaps | None:
    """Return the cells of all images where the configuration wants them."""
    if not run.config.augment.changes_fields:
        return None

    def progress(done: int, total: int) -> None:
        on_phase(f"finding cells, {done} of {total} images")

    cells = cell_maps(images, list(rows["pixel_sha256"]), open_workspace().cache, progress)
    check_smears(cells.counts()[run.split.rows("train")])
    return cells


def _source(run: Run, images: DecodedImages, split: str, cells: CellMaps | None = None) -> BatchSource:
    return BatchSource(
        images=images,
        labels=run.split.labels(),
        rows=run.split.rows(split),
        config=run.config,
        augmented=split == "train",
        cells=cells,
    )


def _score_shortcuts(run: Run, images: DecodedImages | None, reporter: Reporter, on_phase: Phase) -> None:
    """Leave in the cache what the shortcut baselines reach, so that no score is ever shown without them.

    Each is kept as soon as it is scored, and so the phase names it: a job that ends there has got on.
    """
    cache = open_workspace().cache
    if cached_shortcuts(run.split, cache) is not None:
        return
    phase = "scoring shortcut baselines"

    def progress(done: int, total: int) -> None:
        on_phase(phase)

    def on_baseline(name: str) -> None:
        nonlocal phase
        phase = f"scoring shortcut baselines, {name}"
        on_phase(phase)

    try:
        shortcut_scores(
            images if images is not None else _open_images(run, on_phase)[1],
            run.split,
            cache,
            on_progress=progress,
            on_baseline=on_baseline,
        )
    except Stopped:
        raise
    except Exception as error:  # the run is whole without them, and pages offer to score them again
        reporter.warn(f"the shortcut baselines could not be scored ({type(error).__name__}: {error})")


def _class_weights(config: TrainConfig, split: Split) -> np.ndarray | None:
    if config.class_weights == "none":
        return None
    return balanced_class_weights(split.labels()[split.rows("train")], len(split.classes))


def _write_environment(
    folder: Path, plan: HardwarePlan, weights: dict[str, str | None] | None, dataset_fingerprint: str
) -> None:
    environment: dict[str, Any] = {
        "allscope": __version__,
        "code_revision": _code_revision(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "packages": {name: version(name) for name in _RECORDED_PACKAGES},
        "plan": plan.to_json(),
        "weights": weights,
        "dataset_fingerprint": dataset_fingerprint,
    }
    write_whole(folder / ENVIRONMENT_FILE, json.dumps(environment, indent=2))


def _code_revision() -> str:
    """Return the commit that the code stands at, or an empty text where it is installed or in no repository."""
    if IS_INSTALLED:  # a repository around it would be another project's
        return ""
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
