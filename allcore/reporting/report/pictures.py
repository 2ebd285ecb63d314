"""The images that a run got wrong, each beside the evidence for what it was called."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allcore.data.encode import jpeg, shrunk
from allcore.data.intake.images import decode
from allcore.errors import DatasetError, ImageError
from allcore.evaluation.predictions.mistakes import mistakes
from allcore.inference.overlay import overlay
from allcore.inference.predictor import Predictor
from allcore.number_text import per_cent
from allcore.reporting.report.rendering.blocks import Picture
from allcore.runs.folder.store import Run
from allcore.runs.recorded_images import read_recorded_image
from allcore.text import counted
from allcore.workspace import Workspace

MOST = 12
SIDE = 160
"""Pixels of a thumbnail's longer side."""
_QUALITY = 85


@dataclass(frozen=True)
class ErrorPictures:
    """Pictures of the most confident mistakes, and a sentence on those that cannot be shown ('' when all can)."""

    pictures: tuple[Picture, ...]
    problem: str = ""


def error_pictures(run: Run, table: pd.DataFrame, workspace: Workspace, model: Predictor | None) -> ErrorPictures:
    """Return pictures of the most confident mistakes in `RecordedPredictions.table`, at most `MOST`.

    Each shows the image and, where there is a model, the same under the evidence for the predicted class. Images that
    are gone, have changed or may not be read are left out and counted.
    """
    rows = mistakes(table).head(MOST).to_dict("records")
    pictures = []
    for row in rows:
        with suppress(DatasetError, ImageError):
            path = workspace.allowed(Path(run.config.dataset) / row["path"])
            pictures.append(_picture(row, decode(read_recorded_image(path, row["sha256"]), path.name), model))
    missing = len(rows) - len(pictures)
    if not missing:
        return ErrorPictures(tuple(pictures))
    return ErrorPictures(
        tuple(pictures),
        f"{counted(missing, 'image')} of these {len(rows)} cannot be shown: gone, changed since the run, or outside "
        "the folders that may be read.",
    )


def _picture(row: dict[Any, Any], pixels: np.ndarray, model: Predictor | None) -> Picture:
    name, true, called = Path(row["path"]).name, row["label"], row["predicted"]
    drawn, seen = shrunk(pixels, SIDE), ""
    if model is not None and called in model.classes:
        evidence = model.predict([pixels])[0].evidence[model.classes.index(called)]
        drawn = np.concatenate([drawn, overlay(drawn, evidence)], axis=1)
        seen = f", beside the same under the evidence for {called}"
    return Picture(
        jpeg=jpeg(drawn, _QUALITY),
        width=drawn.shape[1],
        height=drawn.shape[0],
        caption=f"{name}: true {true}, called {called} at {per_cent(row['confidence'], 0)}"
        + (", novel" if row["novel"] else "")
        + (", twin in train" if row["twin"] else ""),
        alt=f"Smear {name}, true {true}, called {called}{seen}",
    )
