"""Folds: parts of about equal size, each of them the test of one run, so that every image is tested once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allcore.config_parts import SplitConfig
from allcore.data.folder.parts import PARTS
from allcore.data.splits.drawing import draw_groups, draw_images
from allcore.data.stain.clusters import LEAST_SHARE
from allcore.errors import DatasetError

_TRAIN, _VALIDATION, _TEST = range(len(PARTS))


def divide_fold(table: pd.DataFrame, config: SplitConfig) -> np.ndarray:
    """Return the number of each row's part, int64 (N,): fold `config.fold` is the test, the others train and validate.

    These are divided as the fractions of train and validation are to each other, by the protocol: whole groups, or
    for validation one more stain cluster of each class. `table` has label, group and stain. Raises `DatasetError` when
    a class has too few images, groups or stain clusters to be in every fold.
    """
    assert config.folds is not None
    folds = _fold_numbers(table, config)
    parts = np.full(len(table), _TEST, np.int64)
    others = np.flatnonzero(folds != config.fold)
    rest = table.iloc[others]
    fractions = np.array([config.train, config.validation]) / (config.train + config.validation)
    rng = np.random.default_rng([config.seed, config.fold])
    match config.protocol:
        case "random":
            parts[others] = draw_images(rest, fractions, rng)
        case "stain":
            parts[others] = _with_a_stain_to_validate(rest, rng)
        case _:
            parts[others] = draw_groups(rest, fractions, rng)
    return parts


def _fold_numbers(table: pd.DataFrame, config: SplitConfig) -> np.ndarray:
    """Return the fold of each row, int64 (N,), from 1 to `config.folds`: the same whichever of them is the test.

    Raises `DatasetError` when a class cannot be in every fold.
    """
    assert config.folds is not None
    rng = np.random.default_rng(config.seed)
    equal = np.full(config.folds, 1.0 / config.folds)
    match config.protocol:
        case "random":
            folds = draw_images(table, equal, rng)
        case "stain":
            folds = _folds_of_stains(table, config.folds, rng)
        case _:
            folds = draw_groups(table, equal, rng)
    held = pd.crosstab(table["label"], folds).reindex(columns=range(config.folds), fill_value=0)
    for label, counts in held.iterrows():
        if (counts == 0).any():
            groups = table.loc[table["label"] == label, "group"].nunique()
            raise DatasetError(
                f"class {label} cannot be in each of {config.folds} folds ({', '.join(map(str, counts))} images): its "
                f"{counts.sum()} images form {groups} groups; use fewer folds, another seed or another protocol"
            )
    return folds + 1


def _folds_of_stains(table: pd.DataFrame, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Give each stain cluster of a class a fold, large ones first; with as many folds as clusters, each has its own."""
    numbers = np.zeros(len(table), np.int64)
    for label in sorted(table["label"].unique()):
        sizes = _clusters(table, label)
        if len(sizes) < max(folds, len(PARTS)):
            raise DatasetError(
                f"class {label} has {len(sizes)} stain clusters; {folds} folds by stain need {max(folds, len(PARTS))}, "
                "for each holds out one at least, and validation another; use fewer folds or another protocol"
            )
        held = np.zeros(folds)
        shuffled = sizes.iloc[rng.permutation(len(sizes))].sort_values(ascending=False, kind="stable")
        for cluster, size in shuffled.items():
            fold = rng.choice(np.flatnonzero(held == held.min()))
            held[fold] += size
            numbers[(table["stain"] == cluster).to_numpy()] = fold
    return _kept_together(numbers, table)


def _with_a_stain_to_validate(table: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    parts = np.full(len(table), _TRAIN, np.int64)
    for label in sorted(table["label"].unique()):
        sizes = _clusters(table, label)
        if len(sizes) < 2:
            raise DatasetError(
                f"class {label} has {len(sizes)} stain cluster outside a fold; expected one to train on and another to "
                "validate with: use more folds or another protocol"
            )
        large = sizes[sizes >= LEAST_SHARE * sizes.sum()]
        chosen = rng.choice(sorted((large if len(large) > 1 else sizes).index))
        parts[(table["stain"] == chosen).to_numpy()] = _VALIDATION
    return _kept_together(parts, table)


def _clusters(table: pd.DataFrame, label: str) -> pd.Series:
    """Return the images of each stain cluster of a class, by the cluster's name."""
    of_class = table[(table["label"] == label) & (table["stain"] != "")]
    return of_class.groupby("stain").size()


def _kept_together(numbers: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    """Return the numbers with the lowest of each group for all of it: a picture under two classes has two clusters."""
    return pd.Series(numbers).groupby(table["group"].to_numpy()).transform("min").to_numpy()
