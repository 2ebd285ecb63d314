"""A run's `features.npy`: what its network made of every image of its split, before the answer."""

from __future__ import annotations

import numpy as np

from allcore.errors import RunError
from allcore.files import check_file
from allcore.runs.folder.files import FEATURES_FILE, damaged
from allcore.runs.folder.store import Run

_LARGEST_BYTES = 16 * 2**30


def read_features(run: Run) -> np.ndarray:
    """Return the features (N, units) of a succeeded run's images, floats in its split's order, mapped from the disk.

    Raises `RunError` when the file is missing or damaged.
    """
    path = run.folder / FEATURES_FILE
    rows = len(run.split.table)
    try:
        check_file(path, _LARGEST_BYTES)
        features: np.ndarray = np.load(path, mmap_mode="r")
    except Exception as error:  # a damaged header brings almost any exception out of NumPy
        raise damaged(run.folder, path.name, error) from None
    if features.dtype.kind != "f" or features.ndim != 2 or len(features) != rows:
        raise RunError(
            f"run {run.id}: {path.name} holds {features.dtype} of shape {features.shape}, expected floats, one row for "
            f"each of the {rows} images of its split"
        )
    return features
