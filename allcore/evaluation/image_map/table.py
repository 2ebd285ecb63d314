"""A map as a table, an image a row with what its run's model said of it; and how much neighbours have in common."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from allcore.arrays import FloatArray
from allcore.data.folder.parts import PARTS
from allcore.errors import RunError
from allcore.evaluation.image_map.making import ImageMap
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.scoring.intervals import bootstrap_intervals
from allcore.runs.folder.store import Run

_SAID: Final = ["path", "predicted", "confidence", "correct", "novelty", "novel", "twin"]
ALL: Final = "all"
_SAMPLES: Final = 500


def map_table(of: ImageMap, run: Run) -> pd.DataFrame:
    """Return one row an image of a map, in its order.

    Columns: path, sha256, label, group, stain, part (of the model's run; '' for images that it had not), predicted,
    confidence, correct, novelty, novel and twin (whether its group has an image in train), missing where the run
    recorded no prediction, as of training images; t_sne_x, t_sne_y, principal_x, principal_y; neighbours (the share of
    its nearest images by features that are of its class). Raises `RunError` where the run is damaged, or has another
    split than the map was made of.
    """
    if max(of.rows) >= len(run.split.table):
        raise RunError(f"run {run.id}: its split has changed since the map was made")
    table = run.split.table.iloc[of.rows][["path", "sha256", "label", "group"]].reset_index(drop=True)
    table["stain"], table["part"] = of.stains, of.parts
    said = pd.concat([recorded_predictions(run, split).table for split in PARTS[1:]], ignore_index=True)
    table = table.merge(
        said[_SAID].astype({"correct": "boolean", "novel": "boolean", "twin": "boolean"}), "left", "path"
    )
    table["predicted"] = table["predicted"].fillna("")
    for name in ("t_sne", "principal"):
        table[[f"{name}_x", f"{name}_y"]] = np.array(getattr(of, name))
    table["neighbours"] = np.array(of.class_by_features, np.float64)
    return table


def agreement(of: ImageMap, table: pd.DataFrame) -> pd.DataFrame:
    """Return how much images have in common with their nearest ones, by what these were found, part by part.

    One row a part of the model's run (`ALL` first, of several) and kind ("class"; "stain", which is told within a
    class): part, kind, images, features with its 95 % interval over groups (low, high), colours and chance, all
    fractions. `table` is that of `map_table`.
    """
    parts = [part for part in (*PARTS, "") if (table["part"] == part).any()]
    rows = []
    for part in [ALL, *parts] if len(parts) > 1 else parts:
        of_part = np.flatnonzero((table["part"] == part) | (part == ALL))
        groups = table["group"].to_numpy()[of_part]
        for kind in ("class", "stain"):
            found = {by: _of(of, f"{kind}_by_{by}")[of_part] for by in ("features", "colours", "chance")}
            told = ~np.isnan(found["features"])
            if told.any():
                rows.append((part, kind, int(told.sum()), *_with_interval(found["features"][told], groups[told]),
                             float(found["colours"][told].mean()), float(found["chance"][told].mean())))  # fmt: skip
    return pd.DataFrame(rows, columns=["part", "kind", "images", "features", "low", "high", "colours", "chance"])


def _of(of: ImageMap, name: str) -> FloatArray:
    return np.array(getattr(of, name), np.float64)


def _with_interval(shares: FloatArray, groups: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of shares and its 95 % interval over groups."""
    ends = bootstrap_intervals(
        lambda drawn: {"mean": drawn @ shares / drawn.sum(axis=1)}, len(shares), groups, samples=_SAMPLES
    )["mean"]
    return float(shares.mean()), float(ends[0]), float(ends[1])
