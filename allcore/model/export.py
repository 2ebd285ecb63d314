"""Writing a run's model in other forms, each checked against the served one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from allcore.augment import resize
from allcore.data.intake import decode
from allcore.errors import InputError, RunError
from allcore.inference.network import open_network
from allcore.runs.store import Run

if TYPE_CHECKING:
    import keras

SUFFIXES = {"onnx": ".onnx", "litert": ".tflite", "keras": ".keras"}
TOLERANCE = 1e-3
CHECKED_IMAGES = 10


def export_run(run: Run, form: str, output: Path | None, cache: Path) -> tuple[Path, float]:
    """Write a run's model as `onnx`, `litert` or `keras`; return its path and the largest change of a probability.

    The difference is over ten of the run's test images (of random pixels where the images are gone), against the
    served graph. Raises `InputError` for an unknown form or an existing file, `RunError` when a probability differs
    by more than 0.001; nothing is left behind then.
    """
    if form not in SUFFIXES:
        raise InputError(f"format: unknown (received {form!r}); expected one of {', '.join(SUFFIXES)}")
    path = output or Path(f"{run.id}{SUFFIXES[form]}")
    if path.exists():
        raise InputError(f"{path} exists; give another --output")
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} does not exist")
    unfinished = path.with_name(f".{path.name}.part{SUFFIXES[form]}")
    try:
        if form == "litert":
            _write_litert(_keras_file(run), unfinished)
        else:
            shutil.copyfile(run.served_model if form == "onnx" else _keras_file(run), unfinished)
        images = _images(run)
        difference = float(
            np.abs(_probabilities(unfinished, images) - open_network(run.served_model).run(images).probabilities).max()
        )
        if difference > TOLERANCE:
            raise RunError(
                f"the {form} model differs from the served one by {difference:.2g} in a probability; nothing was written"
            )
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path, difference


def _keras_file(run: Run) -> Path:
    path = run.folder / "model.keras"
    if not path.is_file():
        raise RunError(f"run {run.id} has no model.keras: it is {run.status().state}, not succeeded")
    return path


def _images(run: Run) -> np.ndarray:
    """Return ten of the run's test images as the network sees them: uint8 (10, S, S, 3)."""
    size = run.config.image_size
    rows = run.split.table[run.split.table["split"] == "test"].head(CHECKED_IMAGES)
    files = [Path(run.config.dataset) / path for path in rows["path"]]
    found = [resize(decode(file), size) for file in files if file.is_file()]
    missing = CHECKED_IMAGES - len(found)
    noise = np.random.default_rng(0).integers(0, 256, (missing, size, size, 3), dtype=np.uint8)
    return np.concatenate([np.array(found, np.uint8).reshape(-1, size, size, 3), noise])


def _write_litert(source: Path, path: Path) -> None:
    import tensorflow as tf

    model = _load_keras(source)
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def _probabilities(path: Path, images: np.ndarray) -> np.ndarray:
    if path.suffix == ".onnx":
        return open_network(path).run(images).probabilities
    if path.suffix == ".keras":
        return np.asarray(_load_keras(path).predict(images.astype(np.float32), verbose=0))
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    entry, exit_ = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    answers = []
    for image in images:
        interpreter.set_tensor(entry["index"], image[None].astype(np.float32))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(exit_["index"])[0])
    return np.stack(answers)


def _load_keras(path: Path) -> keras.Model:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    return keras.saving.load_model(path, compile=False)
