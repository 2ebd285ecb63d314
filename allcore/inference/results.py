"""What a model said of many images, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from allcore.errors import ImageError
from allcore.inference.metadata import ServedMetadata
from allcore.inference.predictor import Prediction


@dataclass(frozen=True)
class Result:
    """An image's name, the SHA-256 of its file, and its prediction or why there is none."""

    name: str
    sha256: str
    outcome: Prediction | ImageError


def results_table(results: Sequence[Result], metadata: ServedMetadata) -> pd.DataFrame:
    """Return one row a result, in order.

    Columns: path, label, probability_<class> for each class, novelty, novel, split (in which the model's run had the
    same file, empty when in none) and error (empty when there is a prediction; otherwise the rest is).
    """
    probabilities = [f"probability_{name}" for name in metadata.classes]
    columns = ["path", "label", *probabilities, "novelty", "novel", "split", "error"]
    table = pd.DataFrame([_row(result, metadata) for result in results], columns=columns)
    return table.astype({"novel": "boolean"})


def folder_table(images: pd.DataFrame, said: pd.DataFrame, metadata: ServedMetadata) -> pd.DataFrame:
    """Return one row for each of the images of a folder, in order, with what `predict_catalogued` said of the usable.

    `images` has path, sha256, problem and, where they are labelled, label. Columns: path, true and correct (where they
    are labelled), and those of `results_table`; `said` has the usable images' index.
    """
    probabilities = [f"probability_{name}" for name in metadata.classes]
    answers = said.reindex(images.index)
    usable = images.index.isin(said.index)
    table = images[["path"]].copy()
    if "label" in images:
        table["true"] = images["label"]
    table["label"] = ""
    table.loc[usable, "label"] = np.array(metadata.classes, object)[said[probabilities].to_numpy().argmax(axis=1)]
    if "label" in images:
        table["correct"] = (table["label"] == table["true"]).where(
            usable & images["label"].isin(metadata.classes), None
        )
        table = table.astype({"correct": "boolean"})
    table[[*probabilities, "novelty"]] = answers[[*probabilities, "novelty"]]
    table["novel"] = answers["novel"].astype("boolean")
    table["split"] = [metadata.split_of(digest) or "" for digest in images["sha256"]]
    table["error"] = images["problem"]
    return table


def _row(result: Result, metadata: ServedMetadata) -> dict[str, object]:
    row: dict[str, object] = {"path": result.name, "split": metadata.split_of(result.sha256) or ""}
    outcome = result.outcome
    if isinstance(outcome, ImageError):
        return row | {"label": "", "error": str(outcome)}
    for name, probability in zip(metadata.classes, outcome.probabilities, strict=True):
        row[f"probability_{name}"] = float(probability)
    return row | {"label": outcome.label, "novelty": outcome.novelty, "novel": outcome.novel, "error": ""}
