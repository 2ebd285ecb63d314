"""What the Predict page asks of the core, kept between reruns by file content and model."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import streamlit as st

from allcore.data.intake import decode
from allcore.errors import ImageError, InputError, RunError
from allcore.evaluation.recorded import read_recorded_image
from allcore.inference.predictor import Predictor
from allcore.inference.results import Result
from allcore.inference.similar import Neighbour, TrainingFeatures, read_training_features
from allcore.runs.store import Run
from pages.ui.show import THUMBNAIL
from pages.ui.state import executor, workspace

SHOWN = 512
"""Pixels of the longer side of the image under the evidence: more than a screen gives it."""
_ICON = 64


@dataclass(frozen=True)
class ImageFile:
    """An image to predict: its name, the SHA-256 of its content, and how to read it."""

    name: str
    sha256: str
    read: Callable[[], bytes]


def choose_model() -> Path | None:
    """Let the user choose a served model (kept in the URL as `model`); None, with what to do, when there is none.

    Released models come first, then those of succeeded runs, newest first.
    """
    released = {path.name: path for path in sorted(workspace().models.glob("*.onnx"))}
    own = {run.id: run.served_model for run in executor().store.runs() if _is_served(run)}
    models = released | own
    if not models:
        st.info(
            "No model is released here, and no run has succeeded yet. The quick preset takes minutes.",
            title="No model yet",
        )
        st.page_link("pages/train.py", label="Train one", icon=":material/model_training:")
        return None
    hint = None if released else "No model is released here; these are the models of the runs that succeeded."
    name = st.selectbox("Model", list(models), key="model", bind="query-params")
    if hint:
        st.caption(hint)
    return models[name]


@st.cache_data(max_entries=5_000, show_spinner=False)
def upload_digest(file_id: str, _read: Callable[[], bytes]) -> str:
    """Return the SHA-256 of an uploaded file, which never changes under its id."""
    return hashlib.sha256(_read()).hexdigest()


def predict(predictor: Predictor, model: Path, image: ImageFile) -> Result:
    """Return the model's prediction for an image, or why there is none."""
    return _predict(str(model), model.stat().st_mtime_ns, image.name, image.sha256, predictor, image.read)


@st.cache_data(max_entries=2_000, show_spinner=False)
def _predict(
    model: str, mtime_ns: int, name: str, sha256: str, _predictor: Predictor, _read: Callable[[], bytes]
) -> Result:
    try:
        return Result(name, sha256, _predictor.predict([_decode(name, _read)])[0])
    except ImageError as error:
        return Result(name, sha256, error)


@st.cache_data(max_entries=2_000, show_spinner=False)
def icon(name: str, sha256: str, _read: Callable[[], bytes]) -> str:
    """Return a small JPEG of an image as a data URL; empty when the image cannot be read."""
    try:
        small = _shrink(_decode(name, _read), _ICON)
    except ImageError:
        return ""
    data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"


@st.cache_data(max_entries=32, show_spinner=False)
def pixels(name: str, sha256: str, _read: Callable[[], bytes]) -> np.ndarray:
    """Return an image as it is shown under its evidence. Raises `ImageError`."""
    return _shrink(_decode(name, _read), SHOWN)


@st.cache_data(max_entries=500, show_spinner="Looking for similar training images …")
def similar(
    run_id: str, model: str, mtime_ns: int, sha256: str, count: int, _features: np.ndarray
) -> list[tuple[Neighbour, np.ndarray]]:
    """Return the training images of a run nearest to an image's features, each small enough for a gallery.

    Raises `InputError` when the run, what it kept, or its images are not at hand.
    """
    run = next((run for run in executor().store.runs() if run.id == run_id), None)
    if run is None:
        raise RunError(f"the model's run {run_id} is not in this workspace")
    nearest = _training_features(str(run.folder), run.status().heartbeat).most_similar(_features, count)
    return [(neighbour, _training_image(run, neighbour)) for neighbour in nearest]


def _training_image(run: Run, neighbour: Neighbour) -> np.ndarray:
    path = workspace().allowed(Path(run.config.dataset) / neighbour.path)
    try:
        return _shrink(decode(read_recorded_image(path, neighbour.sha256), path.name), THUMBNAIL)
    except ImageError as error:
        raise ImageError(f"training image {neighbour.path} {error}") from None


@st.cache_resource(max_entries=2, show_spinner=False)
def _training_features(folder: str, heartbeat: float) -> TrainingFeatures:
    return read_training_features(Run(Path(folder)))


def _is_served(run: Run) -> bool:
    try:
        return run.status().state == "succeeded" and run.served_model.is_file()
    except InputError:
        return False


def _decode(name: str, read: Callable[[], bytes]) -> np.ndarray:
    try:
        data = read()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}") from None
    return decode(data, name)


def _shrink(image: np.ndarray, longest: int) -> np.ndarray:
    scale = min(1.0, longest / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
