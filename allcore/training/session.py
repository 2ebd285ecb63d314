"""One worker's session: put the data, the model and the plan together, train, and write the results."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from allcore import __version__
from allcore.cells.maps import CellMaps, cell_maps, check_smears
from allcore.config import TrainConfig
from allcore.data.cache import DecodedImages, decoded_images
from allcore.data.catalog import Catalog, scan
from allcore.data.split import Split
from allcore.errors import DatasetError, WeightsError
from allcore.evaluation.shortcuts import shortcut_scores
from allcore.hardware import HardwarePlan, make_plan
from allcore.model.initial_weights import THREE_WAYS, file_sha256, read_convolutions
from allcore.runs.preflight import keras_weights_file, weights_file
from allcore.runs.status import Status
from allcore.runs.store import Run
from allcore.training.batches import BatchSource
from allcore.training.checkpoint import FOLDER, remove_checkpoints
from allcore.training.finish import TrainedRun, write_results
from allcore.training.hardware import look_at_devices
from allcore.training.learner import Learner, balanced_class_weights
from allcore.training.loop import Stopped, Trainer
from allcore.training.reporter import Reporter
from allcore.workspace import PROJECT, open_workspace

RECORDED_PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless", "onnx", "onnxruntime", "pillow")


def carry_out(folder: Path, status: Status, stop_requested: Callable[[], bool]) -> bool:
    """Train the run in `folder`, from its last checkpoint if it has one; False when it was stopped.

    Raises `InputError` when the dataset or the weights are no longer what the run was made with.
    """
    run = Run(folder)
    config = run.config
    plan = _plan(run)
    if plan.kind == "cpu":
        tf.config.set_visible_devices([], "GPU")  # or TensorFlow would use a GPU that was not asked for
    reporter = Reporter(folder, status.model_copy(update={"state": "running", "phase": "starting", "warnings": ()}))
    reporter.update(device=plan.description)
    try:
        reporter.update(phase="reading the dataset")
        catalog, images, cells = _open_images(run, reporter)
        fingerprint = catalog.fingerprint(config.variant)
        learner = Learner(config, plan, len(run.split.classes), _class_weights(config, run.split))
        reporter.update(phase="loading weights")
        weights = _load_initial_weights(learner.model, config.weights)
        _write_environment(folder, plan, weights, fingerprint)
        trainer = Trainer(
            config=config,
            plan=plan,
            learner=learner,
            train=_source(run, images, "train", cells),
            validation=_source(run, images, "validation"),
            folder=folder,
            reporter=reporter,
            stop_requested=stop_requested,
        )
        trainer.run()
        write_results(TrainedRun(folder, config, run.split, images, fingerprint), learner.model, reporter)
        remove_checkpoints(folder / FOLDER)
        _score_shortcuts(run, images, reporter)
    except Stopped:
        return False
    finally:
        reporter.close()
    return True


def _plan(run: Run) -> HardwarePlan:
    """Return the plan for this machine; a resumed run keeps its micro-batches, so that its steps stay the same."""
    plan = make_plan(run.config, len(run.split.classes), look_at_devices())
    before = run.environment().get("plan")
    if before is not None and (before["kind"], before["replicas"]) == (plan.kind, plan.replicas):
        return HardwarePlan(**before)
    return plan


def _open_images(run: Run, reporter: Reporter) -> tuple[Catalog, DecodedImages, CellMaps | None]:
    """Return the catalog, the decoded images in the order of the split's rows, and their cells if they are wanted."""
    workspace = open_workspace()
    config = run.config
    catalog = scan(Path(config.dataset), workspace.cache)
    rows = catalog.images(config.variant)
    wanted = run.split.table
    found = rows.set_index("path")["sha256"].reindex(wanted["path"])
    changed = wanted["path"][(found.to_numpy() != wanted["sha256"].to_numpy())]
    if len(changed):
        raise DatasetError(
            f"{len(changed)} images of the run's split are missing or changed in {config.dataset}, the first "
            f"{changed.iloc[0]}; put them back, or start a new run"
        )

    def progress(done: int, total: int) -> None:
        reporter.update(phase=f"decoding images, {done} of {total}")

    ordered = rows.set_index("path").loc[wanted["path"]].reset_index()
    images = decoded_images(catalog.root, ordered, workspace.cache, progress)
    if not config.augment.changes_fields:
        return catalog, images, None

    def finding(done: int, total: int) -> None:
        reporter.update(phase=f"finding cells, {done} of {total} images")

    cells = cell_maps(images, list(ordered["pixel_sha256"]), workspace.cache, finding)
    check_smears(cells.counts()[run.split.rows("train")])
    return catalog, images, cells


def _source(run: Run, images: DecodedImages, split: str, cells: CellMaps | None = None) -> BatchSource:
    return BatchSource(
        images=images,
        labels=run.split.labels(),
        rows=run.split.rows(split),
        config=run.config,
        augmented=split == "train",
        cells=cells,
    )


def _score_shortcuts(run: Run, images: DecodedImages, reporter: Reporter) -> None:
    """Leave in the cache what the shortcut baselines reach, so that no score is ever shown without them."""
    reporter.update(phase="scoring shortcut baselines")
    try:
        shortcut_scores(images, run.split, open_workspace().cache)
    except Exception as error:  # the run is whole without them, and pages offer to score them again
        reporter.warn(f"the shortcut baselines could not be scored ({type(error).__name__}: {error})")


def _class_weights(config: TrainConfig, split: Split) -> np.ndarray | None:
    if config.class_weights == "none":
        return None
    return balanced_class_weights(split.labels()[split.rows("train")], len(split.classes))


def _load_initial_weights(model: keras.Model, weights: str) -> dict[str, str | None]:
    """Put the initial weights into the model's convolutions and return where they came from."""
    if weights == "random":
        return {"source": "random", "sha256": None}
    file = weights_file(weights) or _download()
    for name, arrays in read_convolutions(file).items():
        model.get_layer(name).set_weights(arrays)
    return {"source": file.name, "sha256": file_sha256(file)}


def _download() -> Path:
    """Let Keras fetch the ImageNet weights (or find them in its own cache) and return the file."""
    try:
        keras.applications.VGG16(include_top=False, weights="imagenet", input_shape=(32, 32, 3))
    except Exception as error:  # Keras lets errors of several network layers through
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"the ImageNet weights could not be downloaded ({reason}). {THREE_WAYS}") from None
    return keras_weights_file()


def _write_environment(
    folder: Path, plan: HardwarePlan, weights: dict[str, str | None], dataset_fingerprint: str
) -> None:
    environment: dict[str, Any] = {
        "allscope": __version__,
        "code_revision": _code_revision(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "packages": {name: version(name) for name in RECORDED_PACKAGES},
        "plan": plan.to_json(),
        "weights": weights,
        "dataset_fingerprint": dataset_fingerprint,
    }
    unfinished = folder / ".environment.json"
    unfinished.write_text(json.dumps(environment, indent=2), encoding="utf-8")
    unfinished.replace(folder / "environment.json")


def _code_revision() -> str:
    """Return the commit that the code stands at, or an empty text outside a repository."""
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
