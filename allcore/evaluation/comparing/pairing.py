"""The images that two models have both predicted, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from allcore.arrays import BoolArray, IntArray
from allcore.data.splits.group_table import connected_rows
from allcore.errors import InputError
from allcore.evaluation.predictions.recorded import RecordedPredictions


@dataclass(frozen=True)
class Paired:
    """Two models' predictions of the same N images, row by row, classes in the same order.

    `groups` (N,) numbers the images that the groups of either connect. `n_first` and `n_second` say how many images
    each model has predicted in all.
    """

    first: RecordedPredictions
    second: RecordedPredictions
    groups: IntArray
    n_first: int
    n_second: int

    @property
    def first_right(self) -> BoolArray:
        """Whether the first model is right about each image (N,)."""
        return self.first.probabilities.argmax(axis=1) == self.first.labels

    @property
    def second_right(self) -> BoolArray:
        """Whether the second model is right about each image (N,)."""
        return self.second.probabilities.argmax(axis=1) == self.second.labels


def pair(first: RecordedPredictions, second: RecordedPredictions) -> Paired:
    """Return the predictions of the images that both have, in the order of the first.

    Images are the same when their files' sha256 are; of equal files, as many as both have, those of one label before
    others. Both tables have path, sha256, label, group and a probability a class. Raises `InputError` when the classes
    or an image's labels disagree, or no image is shared.
    """
    if set(first.classes) != set(second.classes):
        raise InputError(
            f"the two models know different classes ({', '.join(first.classes)}; {', '.join(second.classes)}); "
            "expected the same; compare models that were trained on the same classes"
        )
    row_in_second = _rows_in(second.table, first.table)
    shared = row_in_second >= 0
    if not shared.any():
        raise InputError(
            f"the two models share no image (of {len(first.table)} and {len(second.table)}, none with the same "
            "content); expected at least one; compare runs of one dataset and split, or score both on one labelled "
            "folder"
        )
    ours = first.table[shared].reset_index(drop=True)
    theirs = second.table.iloc[row_in_second[shared]].reset_index(drop=True)
    _check_labels(ours, theirs)
    groups = connected_rows(ours["group"], theirs["group"])
    return Paired(
        RecordedPredictions(first.classes, ours),
        RecordedPredictions(first.classes, theirs),
        groups,
        len(first.table),
        len(second.table),
    )


def disagreements(paired: Paired) -> pd.Series:
    """Return the row numbers, as index, that the models call differently, the most confident mistakes first.

    The values say who is right: `first`, `second` or `neither`.
    """
    first, second = paired.first.probabilities, paired.second.probabilities
    right = np.select([paired.first_right, paired.second_right], ["first", "second"], "neither")
    confidence = np.maximum(first.max(axis=1) * ~paired.first_right, second.max(axis=1) * ~paired.second_right)
    rows = np.argsort(-confidence, kind="stable")
    rows = rows[(first.argmax(axis=1) != second.argmax(axis=1))[rows]]
    return pd.Series(right[rows], index=rows)


def _rows_in(second: pd.DataFrame, first: pd.DataFrame) -> IntArray:
    """Return for each row of `first` the number of the row of `second` that is of the same image, -1 without one."""
    rows = np.asarray(_copies(second, ["sha256", "label"]).get_indexer(_copies(first, ["sha256", "label"])))
    alone, left = np.flatnonzero(rows < 0), np.setdiff1d(np.arange(len(second)), rows)
    if len(alone) and len(left):  # these have other labels there, if the image is there at all
        found = _copies(second.iloc[left], ["sha256"]).get_indexer(_copies(first.iloc[alone], ["sha256"]))
        rows[alone] = np.where(found >= 0, left[found], -1)
    return rows


def _copies(table: pd.DataFrame, by: list[str]) -> pd.MultiIndex:
    """Index the rows by these columns and, among rows that are alike in them, by their order of label and path."""
    copy = table.sort_values(["label", "path"]).groupby(by).cumcount().reindex(table.index)
    return pd.MultiIndex.from_arrays([*(table[name] for name in by), copy])


def _check_labels(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    differing = np.flatnonzero((ours["label"] != theirs["label"]).to_numpy())
    if len(differing):
        row = differing[0]
        raise InputError(
            f"the two models' images are labelled differently ({ours['path'][row]}: {ours['label'][row]} for the "
            f"first, {theirs['label'][row]} for the second; {len(differing)} of {len(ours)} shared images); expected "
            "one label an image; score both on one labelled folder"
        )
