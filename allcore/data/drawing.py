"""Drawing images, or whole groups of them, into parts of given sizes, every class into every part."""

from __future__ import annotations

import numpy as np
import pandas as pd


def draw_images(table: pd.DataFrame, fractions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the number of each row's part, int64 (N,): within each class of `label`, blind to groups."""
    parts = np.empty(len(table), np.int64)
    for label in sorted(table["label"].unique()):
        rows = rng.permutation(np.flatnonzero(table["label"] == label))
        parts[rows] = np.repeat(np.arange(len(fractions)), _whole_counts(len(rows), fractions))
    return parts


def draw_groups(table: pd.DataFrame, fractions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the number of each row's part, int64 (N,), the same for all rows that share their `group`.

    Large groups are drawn first, so that small ones can even out what those leave.
    """
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
