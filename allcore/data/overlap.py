"""Which images of a dataset are the same picture, connected into groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def exact_duplicate_pairs(images: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the pairs of paths whose decoded pixels are identical, each image paired with the first of its kind."""
    pairs = []
    repeated = images[images["pixel_sha256"].duplicated(keep=False)]
    for _, rows in repeated.groupby("pixel_sha256", sort=False):
        first, *others = rows["path"]
        pairs += [(first, other) for other in others]
    return pairs


def group_numbers(images: pd.DataFrame) -> np.ndarray:
    """Return the number of each row's group, int64 of shape (len(images),): rows of one number are the same picture."""
    return connect(list(images["path"]), exact_duplicate_pairs(images))


def connect(paths: Sequence[str], pairs: Iterable[tuple[str, str]]) -> np.ndarray:
    """Return a group number for each path, int64 of shape (len(paths),): paths that pairs connect share one.

    Groups are numbered from 0 in the order in which they first appear.
    """
    position = {path: index for index, path in enumerate(paths)}
    edges = np.array([(position[a], position[b]) for a, b in pairs], dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(len(paths), len(paths)))
    _, component = connected_components(graph, directed=False)  # visits in order, so numbers by first appearance
    return component.astype(np.int64)
