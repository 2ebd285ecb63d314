"""Drawing images, or whole groups of them, into parts of given sizes, every class into every part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


def draw_images(table: pd.DataFrame, fractions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the number of each row's part, int64 (N,): within each class of `label`, blind to groups."""
    parts = np.empty(len(table), np.int64)
    codes, labels = pd.factorize(table["label"], sort=True)
    for label in range(len(labels)):
        rows = rng.permutation(np.flatnonzero(codes == label))
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
    drawing = _Drawing(wanted.tolist(), [[0] * len(classes) for _ in fractions], (content > 0).sum(axis=0).tolist())
    chosen = np.empty(len(names), np.int64)
    order = rng.permutation(len(names))
    order = order[np.argsort(-content[order].sum(axis=1), kind="stable")]
    for group, images in zip(order, content[order].tolist(), strict=True):
        chosen[group] = drawing.draw({label: count for label, count in enumerate(images) if count}, rng)
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


@dataclass(frozen=True)
class _Drawing:
    """How many images each part is to hold and holds of each class, and how many groups of each class are to come.

    In lists: a group has a class or two and there are few parts, which arrays take five times as long for.
    """

    wanted: list[list[int]]
    held: list[list[int]]
    to_come: list[int]

    def draw(self, size: dict[int, int], rng: np.random.Generator) -> int:
        """Draw the part of the next group, which has `size` images of each of its classes, and put it there.

        Of the parts with room for it, each is as likely as the share of images that it still lacks; without such a
        part, the one that lacks most gets it. Where no more groups are to come than parts are without a class, only
        those parts count.
        """
        parts = range(len(self.held))
        urgent = [0 for _ in parts]
        lacking = [0.0 for _ in parts]
        for label in size:
            wanted, held = [part[label] for part in self.wanted], [part[label] for part in self.held]
            total, is_rare = sum(wanted), held.count(0) >= self.to_come[label]
            for part in parts:
                urgent[part] += is_rare and held[part] == 0
                lacking[part] += (wanted[part] - held[part]) / total
        most = max(urgent)
        candidates = [part for part in parts if urgent[part] == most]
        roomy = [part for part in candidates if self._has_room(part, size)]
        if roomy:
            part = roomy[_drawn(np.array([lacking[part] for part in roomy]), rng)]
        else:
            part = max(candidates, key=lambda one: lacking[one])
        for label, images in size.items():
            self.held[part][label] += images
            self.to_come[label] -= 1
        return part

    def _has_room(self, part: int, size: dict[int, int]) -> bool:
        wanted, held = self.wanted[part], self.held[part]
        return all(wanted[label] - held[label] >= images for label, images in size.items())


def _drawn(weights: np.ndarray, rng: np.random.Generator) -> int:
    """Return a place in `weights` (N,), each as likely as its weight, as `rng.choice` does in three times the time."""
    bounds = (weights / weights.sum()).cumsum()
    return int((bounds / bounds[-1]).searchsorted(rng.random(), side="right"))
