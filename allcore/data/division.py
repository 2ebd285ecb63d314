"""Which part each image of a dataset goes to, by each split protocol."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allcore.config import SplitConfig
from allcore.data.parts import PARTS
from allcore.errors import DatasetError

_FEWEST_STAINS = len(PARTS)
_SMALLEST_STAIN = 0.05
"""Part of a class that a stain cluster must hold to be held out, where enough do: a few odd images say little."""


def divide(table: pd.DataFrame, config: SplitConfig) -> np.ndarray:
    """Return the number of each row's part, int64 (N,): its place in `PARTS`.

    `table` has label, group, stain and part (that of a predefined split, or ''). Raises `DatasetError` when the
    protocol needs more stain clusters or parts than there are.
    """
    rng = np.random.default_rng(config.seed)
    fractions = np.array([config.train, config.validation, config.test])
    match config.protocol:
        case "random":
            return _divide_images(table, fractions, rng)
        case "stain":
            return _divide_stains(table, rng)
        case "folders":
            return _divide_by_folders(table, fractions, rng)
        case "grouped" | "patient":
            return _divide_groups(table, fractions, rng)


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
        parts[train] = _divide_groups(table.iloc[train], wanted, rng)
    return parts


def _divide_images(table: pd.DataFrame, fractions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    parts = np.empty(len(table), np.int64)
    for label in sorted(table["label"].unique()):
        rows = rng.permutation(np.flatnonzero(table["label"] == label))
        parts[rows] = np.repeat(np.arange(len(fractions)), _whole_counts(len(rows), fractions))
    return parts


def _whole_counts(total: int, fractions: np.ndarray) -> np.ndarray:
    """Return how many of `total` go to each part: the nearest whole numbers, none of them zero."""
    exact = total * fractions
    counts = np.floor(exact).astype(np.int64)
    for part in np.argsort(-(exact - counts), kind="stable")[: total - counts.sum()]:
        counts[part] += 1
    for part in np.flatnonzero(counts == 0):
        counts[part] += 1
        counts[counts.argmax()] -= 1
    return counts


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
        large = sorted(share.index[share >= _SMALLEST_STAIN])
        test, validation, *_ = rng.permutation(large if len(large) >= _FEWEST_STAINS else clusters)
        parts[(table["stain"] == validation).to_numpy()] = PARTS.index("validation")
        parts[(table["stain"] == test).to_numpy()] = PARTS.index("test")
    # A picture that stands under two classes has a cluster in each; it must not be in train and in the test.
    return pd.Series(parts).groupby(table["group"].to_numpy()).transform("min").to_numpy()


def _divide_groups(table: pd.DataFrame, fractions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a part for each group, large groups first, so that small ones can even out what those leave."""
    labels, classes = pd.factorize(table["label"], sort=True)
    codes, names = pd.factorize(table["group"])
    content = np.zeros((len(names), len(classes)), np.int64)
    np.add.at(content, (codes, labels), 1)
    wanted = np.column_stack([_whole_counts(total, fractions) for total in content.sum(axis=0)])
    held = np.zeros_like(wanted)
    to_come = (content > 0).sum(axis=0)
    chosen = np.empty(len(names), np.int64)
    order = rng.permutation(len(names))
    for group in order[np.argsort(-content[order].sum(axis=1), kind="stable")]:
        present = content[group] > 0
        size = content[group, present]
        chosen[group] = _draw_part(size, wanted[:, present], held[:, present], to_come[present], rng)
        held[chosen[group]] += content[group]
        to_come -= present
    return chosen[codes]


def _draw_part(
    size: np.ndarray, wanted: np.ndarray, held: np.ndarray, to_come: np.ndarray, rng: np.random.Generator
) -> int:
    """Draw the part of a group that has `size` (C,) images of each of its classes.

    Of the parts with room for it, each is as likely as the share of images that it still lacks; without such a part,
    the one that lacks most gets it. Where no more groups are `to_come` (C,) than parts are without a class, only those
    parts count. `wanted` and `held` are images of shape (parts, C).
    """
    empty = held == 0
    urgent = (empty & (empty.sum(axis=0) >= to_come)).sum(axis=1)
    open_to_it = urgent == urgent.max()
    lacking = ((wanted - held) / wanted.sum(axis=0)).sum(axis=1)
    roomy = open_to_it & (wanted - held >= size).all(axis=1)
    if not roomy.any():
        return int(np.where(open_to_it, lacking, -np.inf).argmax())
    chance = np.where(roomy, lacking, 0.0)
    return int(rng.choice(len(chance), p=chance / chance.sum()))
