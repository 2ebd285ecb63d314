"""From any cell of a confusion matrix back to its images."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from allcore.evaluation.scoring.scores import Scores


def images_of_cell(predictions: pd.DataFrame, true: str, predicted: str) -> pd.DataFrame:
    """Return the images of class `true` that were predicted as `predicted`, the most confident first.

    `predictions` has columns path, label, predicted and confidence.
    """
    return _most_confident_first(predictions[(predictions["label"] == true) & (predictions["predicted"] == predicted)])


def mistakes(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the images whose predicted class is not their own, the most confident first."""
    return _most_confident_first(predictions[predictions["label"] != predictions["predicted"]])


def crossed_sides(predictions: pd.DataFrame, positive: Collection[str]) -> pd.DataFrame:
    """Return the images of positive classes called negative and the others called positive, most confident first."""
    crossed = predictions["label"].isin(positive) != predictions["predicted"].isin(positive)
    return _most_confident_first(predictions[crossed])


def commonest_mistake(scores: Scores) -> tuple[str, str]:
    """Return the (true, predicted) classes that are confused most often; the first class twice when none are."""
    cells = {
        (true, predicted): count if true != predicted else 0
        for true, row in zip(scores.classes, scores.confusion_matrix, strict=True)
        for predicted, count in zip(scores.classes, row, strict=True)
    }
    return max(cells, key=lambda cell: cells[cell])


def _most_confident_first(images: pd.DataFrame) -> pd.DataFrame:
    return images.sort_values(["confidence", "path"], ascending=[False, True], ignore_index=True)
