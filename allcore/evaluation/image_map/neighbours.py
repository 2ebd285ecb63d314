"""Which images lie nearest to each other, and what these neighbours have in common beyond chance."""

from __future__ import annotations

import numpy as np

from allcore.arrays import FloatArray, IntArray

_CHUNK = 512
NONE = -1
"""Stands for a neighbour where there are not enough others."""


def nearest(vectors: np.ndarray, groups: np.ndarray, count: int, within: np.ndarray | None = None) -> IntArray:
    """Return the `count` nearest rows of each of the vectors (N, D) by Euclidean distance, nearest first: (N, count).

    Rows of one's own group (`groups`, (N,)) are no neighbours: twins would always be the nearest. `within` (N,) admits
    those of one's own kind alone. `NONE` stands where there are no more.
    """
    values = np.asarray(vectors, np.float32)
    lengths = (values**2).sum(axis=1)
    found = np.full((len(values), count), NONE, np.int64)
    kept = min(count, len(values))
    for start in range(0, len(values), _CHUNK):
        rows = slice(start, start + _CHUNK)
        closeness = 2 * values[rows] @ values.T - lengths
        closeness[~_candidates(rows, groups, within)] = -np.inf
        first = np.argpartition(-closeness, kept - 1, axis=1)[:, :kept]
        first.sort(axis=1)  # so that of equally near ones the first comes first
        near = np.take_along_axis(closeness, first, axis=1)
        order = np.argsort(-near, axis=1, kind="stable")
        ordered = np.take_along_axis(first, order, axis=1)
        found[rows, :kept] = np.where(np.isfinite(np.take_along_axis(near, order, axis=1)), ordered, NONE)
    return found


def shared(neighbours: np.ndarray, kinds: np.ndarray) -> FloatArray:
    """Return for each row the share (0 to 1) of its neighbours (N, k) of its own kind (`kinds`, (N,)); nan: none."""
    there = neighbours != NONE
    same = (kinds[neighbours] == kinds[:, None]) & there
    return _ratio(same.sum(axis=1), there.sum(axis=1))


def shared_by_chance(kinds: np.ndarray, groups: np.ndarray, within: np.ndarray | None = None) -> FloatArray:
    """Return for each row the share of its own kind among all who could be its neighbours in `nearest`; nan: none."""
    same, there = np.empty(len(kinds)), np.empty(len(kinds))
    for start in range(0, len(kinds), _CHUNK):
        rows = slice(start, start + _CHUNK)
        candidates = _candidates(rows, groups, within)
        there[rows] = candidates.sum(axis=1)
        same[rows] = (candidates & (kinds[rows, None] == kinds)).sum(axis=1)
    return _ratio(same, there)


def _candidates(rows: slice, groups: np.ndarray, within: np.ndarray | None) -> np.ndarray:
    """Return who may be a neighbour of each of some rows, bool (n, N)."""
    others = groups[rows, None] != groups
    return others if within is None else others & (within[rows, None] == within)


def _ratio(part: np.ndarray, of: np.ndarray) -> FloatArray:
    return np.divide(part, of, out=np.full(len(part), np.nan), where=of > 0)
