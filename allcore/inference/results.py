"""What a model said of many images, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def _row(result: Result, metadata: ServedMetadata) -> dict[str, object]:
    row: dict[str, object] = {"path": result.name, "split": metadata.split_of(result.sha256) or ""}
    outcome = result.outcome
    if isinstance(outcome, ImageError):
        return row | {"label": "", "error": str(outcome)}
    for name, probability in zip(metadata.classes, outcome.probabilities, strict=True):
        row[f"probability_{name}"] = float(probability)
    return row | {"label": outcome.label, "novelty": outcome.novelty, "novel": outcome.novel, "error": ""}
