"""Pictures of images that a run recorded: under the evidence for a class, with their cells outlined; kept as drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from allcore.cells.finder import find_cells
from allcore.cells.outline import outlined
from allcore.data.encode import jpeg
from allcore.data.intake.images import decode
from allcore.errors import DatasetError, ImageError
from allcore.evaluation.probes.evidence_share import evidence_grid
from allcore.files import NOT_THERE, Stamp, stamp
from allcore.inference.overlay import overlay
from allcore.inference.predictor import Predictor
from allcore.reporting.probes import image_finding
from allcore.runs.folder.store import Run
from allcore.runs.recorded_images import read_recorded_image
from allcore.workspace import open_workspace

Model = Callable[[], Predictor]
"""What opens a model, as `state.opener` gives it: pictures that are kept do without."""


@dataclass(frozen=True)
class Look:
    """How an image is drawn: opacity of the evidence, 0 to 1, and whether its nucleated cells are outlined."""

    opacity: float
    outlines: bool


def any_cells(run: Run, images: pd.DataFrame) -> bool:
    """Return whether a cell is found in any of the images, or cannot be looked for."""
    try:
        for path, digest in zip(images["path"], images["sha256"], strict=True):
            file = open_workspace().allowed(Path(run.config.dataset) / path)
            if _has_cells(read_recorded_image(file, digest), file.name, digest):
                return True
    except (DatasetError, ImageError):
        return True
    return False


@st.cache_data(max_entries=6_000, show_spinner=False)
def _has_cells(_data: bytes, name: str, sha256: str) -> bool:
    return bool(find_cells(decode(_data, name)).any())


def picture_of(run: Run, model: Model | None, row: dict[Any, Any], look: Look) -> tuple[bytes, str]:
    """Return a row's picture, and in words how much of its evidence falls inside nucleated cells."""
    path, label = Path(run.config.dataset) / row["path"], row["predicted"]
    drawn = picture(path, row["sha256"], run, model, label, look)
    if model is None:
        return drawn, ""
    data, digest = read_recorded_image(open_workspace().allowed(path), row["sha256"]), row["sha256"]
    folder, written = str(run.folder), stamp(run.served_model)
    return drawn, _in_cells(
        _data=data, name=path.name, sha256=digest, _model=model, run=folder, written=written, label=label
    )


def picture(path: Path, sha256: str, run: Run | None, model: Model | None, label: str, look: Look) -> bytes:
    """Return the image with this content as a JPEG, where there is a run's model under its evidence for `label`.

    Raises `DatasetError` when the file lies outside the roots, `ImageError` when it is gone or has changed.
    """
    allowed = open_workspace().allowed(path)
    data = read_recorded_image(allowed, sha256)
    if run is None or model is None:
        folder, written, model, label = "", NOT_THERE, None, ""
    else:
        folder, written = str(run.folder), stamp(run.served_model)
    return _drawn(
        _data=data, name=allowed.name, sha256=sha256, _model=model, run=folder, written=written, label=label, look=look
    )


# Called by names, as a page of pictures is: Streamlit reads the signature anew for each argument given by its place,
# which takes longer than to find what is cached.
@st.cache_data(max_entries=600, show_spinner=False)
def _drawn(
    *, _data: bytes, name: str, sha256: str, _model: Model | None, run: str, written: Stamp, label: str, look: Look
) -> bytes:
    """Return an image as a JPEG, under the evidence for class `label` where there is a model."""
    pixels = decode(_data, name)
    drawn = pixels
    if _model is not None:
        drawn = overlay(pixels, _evidence(pixels, sha256, _model, run, written, label), look.opacity)
    if look.outlines:
        drawn = outlined(drawn, find_cells(pixels))
    return jpeg(drawn, 92)


@st.cache_data(max_entries=6_000, show_spinner=False)
def _in_cells(*, _data: bytes, name: str, sha256: str, _model: Model, run: str, written: Stamp, label: str) -> str:
    """Return in a sentence how much of the evidence for `label` falls inside cells; empty where none is found."""
    pixels = decode(_data, name)
    cells = find_cells(pixels)
    if not cells.any():
        return ""
    metadata = _model().metadata
    grid = evidence_grid(metadata.trunk, metadata.image_size)
    return image_finding(_evidence(pixels, sha256, _model, run, written, label), cells, grid)


@st.cache_data(max_entries=6_000, show_spinner=False)
def _evidence(_pixels: np.ndarray, sha256: str, _model: Model, run: str, written: Stamp, label: str) -> np.ndarray:
    """Return the evidence (h, w) for class `label`."""
    model = _model()
    return model.predict([_pixels])[0].evidence[model.classes.index(label)]
