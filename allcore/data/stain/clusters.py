"""Stain clusters: which images of a class look as if they came from one slide or one batch of staining.

The images carry no record of their slides; their colours stand in for it.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from allcore.data.decoded import decoded_images
from allcore.data.stain.colour_moments import colour_moments
from allcore.threads import in_threads

WORK = 1
"""Grows when the same images come to other clusters than before, so that what was kept of them is made again."""
CLUSTERS = 6
"""Stain clusters a class."""
LEAST_SHARE = 0.05
"""Part of a class that a stain cluster must hold to be held out, where enough do: a few odd images say little."""
_STARTS = 10
_AT_ONCE, _MOST = 5, 50
"""Iterations of k-means between two looks at whether its centres still move, and in all."""


def find_stains(root: Path, images: pd.DataFrame, groups: np.ndarray, cache: Path) -> np.ndarray:
    """Return the stain cluster of each usable catalog row below `root`, as text (N,) like "Benign-2".

    Images of one overlap group (`groups`, int64 (N,)) have the cluster of most of them.
    """
    decoded = decoded_images(root, images, cache)
    moments = np.stack(list(in_threads(lambda row: colour_moments(decoded[row]), range(len(decoded)))))
    return stain_clusters(moments, images["label"].to_numpy(), groups)


def stain_clusters(moments: np.ndarray, labels: np.ndarray, groups: np.ndarray, clusters: int = CLUSTERS) -> np.ndarray:
    """Return the cluster of each image, as text (N,): its class, a hyphen, and a number from 1, the largest first.

    k-means within each class on colour moments (N, 9), each standardised within the class. A class of few images has
    no more clusters than images. Images of one class that share a group (`groups`, (N,)) share a cluster. The order of
    the rows does not matter.
    """
    found = np.empty(len(labels), object)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.lexsort(moments[rows].T)]  # k-means draws its starts by row, and files may be called anything
        numbers = _majority(_k_means(moments[rows].astype(np.float64), min(clusters, len(rows))), groups[rows])
        by_size = np.argsort(-np.bincount(numbers), kind="stable")
        found[rows] = [f"{label}-{place}" for place in np.argsort(by_size)[numbers] + 1]
    return found


def _k_means(values: np.ndarray, clusters: int) -> np.ndarray:
    """Return the cluster (N,) of each row of values (N, D): the best of several seeded starts."""
    from scipy.cluster.vq import kmeans2  # a second that most commands and pages can do without

    spread = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    best, least = np.zeros(len(values), np.int64), np.inf
    for seed in range(_STARTS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an empty cluster: that start has fewer
            centres, numbers = kmeans2(standard, clusters, iter=_AT_ONCE, minit="++", rng=seed)
            for _ in range(_AT_ONCE, _MOST, _AT_ONCE):
                before = centres
                centres, numbers = kmeans2(standard, before, iter=_AT_ONCE, minit="matrix")
                if np.array_equal(centres, before):  # and would be ever after
                    break
        distance = float(((standard - centres[numbers]) ** 2).sum())
        if distance < least:
            best, least = numbers.astype(np.int64), distance
    return best


def _majority(numbers: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the number that is commonest in each row's group, the lowest of equally common ones."""
    counts = pd.crosstab(groups, numbers)
    commonest = counts.idxmax(axis=1)
    return commonest.loc[groups].to_numpy()
