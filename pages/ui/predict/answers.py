"""What the Predict page asks of the core, kept between reruns by file content and model."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.typing import UploadedFile

from allcore.cells.finder import find_cells
from allcore.data.encode import jpeg, shrunk
from allcore.data.intake.images import ImageFacts, decode, inspect
from allcore.errors import ImageError, RunError
from allcore.files import Stamp, stamp
from allcore.inference.overlay import evidence_png
from allcore.inference.predictor import Predictor
from allcore.inference.results import Result
from allcore.runs.folder.store import Run
from allcore.runs.recorded_images import read_recorded_image
from allcore.runs.similar import Neighbour, TrainingFeatures, read_training_features
from allcore.workspace import open_workspace
from pages.ui.known.runs import run_at, runs
from pages.ui.show import THUMBNAIL

_SHOWN = 512
"""Pixels of the longer side of the image under the evidence: more than a screen gives it."""
_ICON = 64
_PATIENCE = 0.3
"""Seconds of work after which a progress bar is worth its place."""


@dataclass(frozen=True)
class ImageFile:
    """An image to predict: its name, the SHA-256 of its content, and how to read it."""

    name: str
    sha256: str
    read: Callable[[], bytes]


def uploaded_image(file: UploadedFile) -> ImageFile:
    """Return an uploaded file as an image to predict; its content is hashed once."""
    digests = st.session_state.setdefault("digests", {})
    if file.file_id not in digests:
        digests[file.file_id] = hashlib.sha256(file.getvalue()).hexdigest()
    return ImageFile(file.name, digests[file.file_id], file.getvalue)


def image_file(name: str, data: bytes) -> ImageFile:
    """Return bytes at hand as an image to predict."""
    return ImageFile(name, hashlib.sha256(data).hexdigest(), lambda: data)


def predict_all(predictor: Predictor, model: Path, images: Sequence[ImageFile]) -> list[tuple[Result, str]]:
    """Return the model's prediction for each image, or why there is none, and a small JPEG of it as a data URL.

    Where that takes long, the page says how far it is.
    """
    bar, began, version, answers = None, time.monotonic(), stamp(model), []
    for number, image in enumerate(images, start=1):
        answers.append(_predict(f"{model} {version} {image.sha256} {image.name}", (predictor, image)))
        if time.monotonic() - began > _PATIENCE:
            text = f"Predicting, {number} of {len(images)} images"
            bar = bar or st.progress(0.0, text)
            bar.progress(number / len(images), text)
    if bar is not None:
        bar.empty()
    return answers


# The key is one string, because Streamlit takes its time over every single argument.
@st.cache_data(max_entries=2_000, show_spinner=False)
def _predict(key: str, _asked: tuple[Predictor, ImageFile]) -> tuple[Result, str]:
    predictor, image = _asked
    try:
        decoded, facts = _inspect(image)
    except ImageError as error:
        return Result(image.name, image.sha256, error), ""
    icon = jpeg(shrunk(decoded, _ICON), 85)
    url = f"data:image/jpeg;base64,{base64.b64encode(icon).decode('ascii')}"
    return Result(image.name, image.sha256, replace(predictor.predict([decoded])[0], scaling=facts.scaling)), url


@st.cache_data(max_entries=32, show_spinner=False)
def pixels(sha256: str, _image: ImageFile) -> np.ndarray:
    """Return an image as it is shown under its evidence. Raises `ImageError`."""
    return shrunk(_inspect(_image)[0], _SHOWN)


def evidence_file(image: ImageFile, evidence: np.ndarray, opacity: float, scale: float) -> bytes:
    """Return an image in its own size under evidence, as a PNG file. Raises `ImageError`."""
    return evidence_png(_inspect(image)[0], evidence, opacity, scale)


@st.cache_data(max_entries=200, show_spinner=False)
def cells(sha256: str, _image: ImageFile) -> np.ndarray:
    """Return the nucleated cells in an image as it is shown under its evidence. Raises `ImageError`."""
    return find_cells(pixels(sha256, _image))


@st.cache_data(max_entries=500, show_spinner="Looking for similar training images …")
def similar(
    run_id: str, model: str, version: Stamp, sha256: str, count: int, _features: np.ndarray
) -> list[tuple[Neighbour, np.ndarray]]:
    """Return the training images of a run nearest to an image's features, each small enough for a gallery.

    Raises `InputError` when the run, what it kept, or its images are not at hand.
    """
    run = next((run for run in runs() if run.id == run_id), None)
    if run is None:
        raise RunError(f"the model's run {run_id} is not in this workspace")
    nearest = _training_features(str(run.folder), run.status().heartbeat).most_similar(_features, count)
    return [(neighbour, _training_image(run, neighbour)) for neighbour in nearest]


def _training_image(run: Run, neighbour: Neighbour) -> np.ndarray:
    path = open_workspace().allowed(Path(run.config.dataset) / neighbour.path)
    try:
        return shrunk(decode(read_recorded_image(path, neighbour.sha256), path.name), THUMBNAIL)
    except ImageError as error:
        raise ImageError(f"training image {neighbour.path} {error}") from None


@st.cache_resource(max_entries=2, show_spinner=False)
def _training_features(folder: str, heartbeat: float) -> TrainingFeatures:
    return read_training_features(run_at(folder))


def _inspect(image: ImageFile) -> tuple[np.ndarray, ImageFacts]:
    try:
        data = image.read()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}") from None
    return inspect(data, image.name)
