"""Whether mistakes are many, or a few fields and stains seen many times."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from allcore.data.class_names import in_order

KINDS = {"group": "overlap group", "stain": "stain cluster"}
"""The columns of `RecordedPredictions.table` by which mistakes are grouped, and what they are called."""


def errors_by(predictions: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return one row an overlap group or stain cluster that has a mistake, the most mistakes first.

    `predictions` are rows of `RecordedPredictions.table`; `kind` is "group" or "stain". Columns: `kind` ('' gathers the
    images of which it is not known), label (the classes of its images), images, wrong, share (wrong over images) and
    predicted (what the wrong ones were called, as "Pre 3, Pro 1").
    """
    rows = []
    for name, images in predictions.groupby(_names(predictions, kind), sort=True):
        wrong = images[images["label"] != images["predicted"]]
        if len(wrong):
            rows.append((name, ", ".join(in_order(images["label"])), len(images), len(wrong), _counted(wrong)))
    table = pd.DataFrame(rows, columns=[kind, "label", "images", "wrong", "predicted"])
    table.insert(4, "share", table["wrong"] / table["images"])
    return table.sort_values(["wrong", "share"], ascending=False, kind="stable", ignore_index=True)


def images_of(predictions: pd.DataFrame, kind: str, name: str) -> pd.DataFrame:
    """Return the images of one overlap group or stain cluster: the mistakes first, the most confident of each first."""
    images = predictions[_names(predictions, kind) == name]
    right = images["label"] == images["predicted"]
    ordered = images.assign(right=right).sort_values(["right", "confidence", "path"], ascending=[True, False, True])
    return ordered.drop(columns="right").reset_index(drop=True)


def _names(predictions: pd.DataFrame, kind: str) -> pd.Series:
    """Return the group or cluster of every row, '' where it is not known."""
    return predictions.get(kind, pd.Series("", predictions.index)).fillna("").astype(str)


def _counted(wrong: pd.DataFrame) -> str:
    counts = sorted(Counter(wrong["predicted"]).items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{name} {count}" for name, count in counts)
