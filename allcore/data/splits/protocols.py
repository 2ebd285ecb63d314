"""Which part each image of a dataset goes to, by each split protocol."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allcore.config_parts import SplitConfig
from allcore.data.folder.parts import PARTS
from allcore.data.splits.drawing import draw_groups, draw_images
from allcore.data.splits.folds import divide_fold
from allcore.data.stain.clusters import LEAST_SHARE
from allcore.errors import DatasetError

_FEWEST_STAINS = len(PARTS)


def divide(table: pd.DataFrame, config: SplitConfig) -> np.ndarray:
    """Return the number of each row's part, int64 (N,): its place in `PARTS`.

    `table` has label, group, stain and part (that of a predefined split, or ''). Raises `DatasetError` when the
    protocol needs more stain clusters or parts than there are.
    """
    if config.folds is not None:
        return divide_fold(table, config)
    rng = np.random.default_rng(config.seed)
    fractions = np.array([config.train, config.validation, config.test])
    match config.protocol:
        case "random":
            return draw_images(table, fractions, rng)
        case "stain":
            return _divide_stains(table, rng)
        case "folders":
            return _divide_by_folders(table, fractions, rng)
        case "grouped" | "patient":
            return draw_groups(table, fractions, rng)


def _divide_by_folders(table: pd.DataFrame, fractions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Take the parts as they are; without a folder for validation, draw that from train, whole groups together."""
    there = set(table["part"]) - {""}
    if not {"train", "test"} <= there:
        raise DatasetError(
            f"the folders make no split: expected train/ and test/ (and val/) that hold the class folders, found "
            f"{', '.join(part for part in PARTS if part in there) or 'none of them'}; use another protocol, which "
            "divides all images anew, or rename a folder"
        )
    parts = table["part"].map(PARTS.index).to_numpy(np.int64, copy=True)
    if "validation" not in there:
        train = np.flatnonzero(parts == PARTS.index("train"))
        wanted = fractions[:2] / fractions[:2].sum()
        parts[train] = draw_groups(table.iloc[train], wanted, rng)
    return parts


def _divide_stains(table: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    parts = np.zeros(len(table), np.int64)
    for label in sorted(table["label"].unique()):
        share = table.loc[(table["label"] == label) & (table["stain"] != ""), "stain"].value_counts(normalize=True)
        clusters = sorted(share.index)
        if len(clusters) < _FEWEST_STAINS:
            raise DatasetError(
                f"class {label} has {len(clusters)} stain clusters, the stain protocol needs {_FEWEST_STAINS}: one "
                "each for train, validation and test; add images or use another protocol"
            )
        large = sorted(share.index[share >= LEAST_SHARE])
        test, validation, *_ = rng.permutation(large if len(large) >= _FEWEST_STAINS else clusters)
        parts[(table["stain"] == validation).to_numpy()] = PARTS.index("validation")
        parts[(table["stain"] == test).to_numpy()] = PARTS.index("test")
    # A picture that stands under two classes has a cluster in each; it must not be in train and in the test.
    return pd.Series(parts).groupby(table["group"].to_numpy()).transform("min").to_numpy()
