"""Whether mistakes are many, or a few fields and stains seen many times."""

from __future__ import annotations

from collections import Counter

import pandas as pd

KINDS = {"group": "overlap group", "stain": "stain cluster"}
"""The columns of `RecordedPredictions.table` by which mistakes are grouped, and what they are called."""


def errors_by(predictions: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return one row an overlap group or stain cluster that has a mistake, the most mistakes first.

    `predictions` are rows of `RecordedPredictions.table`; `kind` is "group" or "stain". Columns: `kind` ('' gathers the
    images of which it is not known), label (the classes of its images), images, wrong, share (wrong over images) and
    predicted (what the wrong ones were called, as "Pre 3, Pro 1").
    """
    known = predictions.get(kind, pd.Series("", predictions.index)).fillna("").astype(str)
    rows = []
    for name, images in predictions.groupby(known, sort=True):
        wrong = images[images["label"] != images["predicted"]]
        if len(wrong):
            rows.append((name, ", ".join(sorted(set(images["label"]))), len(images), len(wrong), _counted(wrong)))
    table = pd.DataFrame(rows, columns=[kind, "label", "images", "wrong", "predicted"])
    table.insert(4, "share", table["wrong"] / table["images"])
    return table.sort_values(["wrong", "share"], ascending=False, kind="stable", ignore_index=True)


def in_order_of(images: pd.DataFrame, errors: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return `images` (rows of predictions) in the order in which `errors_by` lists their groups or clusters."""
    place = {name: number for number, name in enumerate(errors[kind])}
    known = images.get(kind, pd.Series("", images.index)).fillna("").astype(str)
    return images.loc[known.map(place).sort_values(kind="stable").index].reset_index(drop=True)


def _counted(wrong: pd.DataFrame) -> str:
    counts = sorted(Counter(wrong["predicted"]).items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{name} {count}" for name, count in counts)
