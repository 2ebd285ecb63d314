"""Stain clusters as a table with their colours, and images that stand for each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import cv2
import numpy as np
import pandas as pd

from allcore.data.class_names import natural
from allcore.data.splits.split import Split
from allcore.processors import processors


class Images(Protocol):
    """Images by their position: uint8 arrays (H, W, 3), RGB."""

    def __len__(self) -> int: ...  # noqa: D105

    def __getitem__(self, index: int, /) -> np.ndarray: ...  # noqa: D105


def mean_colours(images: Images) -> np.ndarray:
    """Return the mean red, green and blue (0 to 255) of each image: float64 (N, 3)."""
    with ThreadPoolExecutor(max_workers=processors()) as pool:
        means = list(pool.map(lambda row: cv2.mean(images[row])[:3], range(len(images))))
    return np.array(means, np.float64).reshape(-1, 3)


def cluster_table(
    images: pd.DataFrame, groups: np.ndarray, stains: np.ndarray, colours: np.ndarray | None, split: Split | None
) -> pd.DataFrame:
    """Return one row a stain cluster of catalog rows, class by class, the largest cluster first.

    `groups` (N,) and `stains` (N,) are those of the images, `colours` (N, 3) their mean colours; `split` is made by the
    protocol `stain`. Columns: label, stain, images, share (per cent of its class), groups, colour (the mean,
    "#rrggbb", '' where unknown) and part (of the split that the cluster is in, '' without one).
    """
    rows = images[["label"]].assign(stain=stains, group=groups, part="" if split is None else split.table["split"])
    by_cluster = rows[rows["stain"] != ""].groupby("stain")
    table = by_cluster.agg(
        label=("label", "first"), images=("label", "size"), groups=("group", "nunique"), part=("part", "first")
    ).reset_index()
    table["share"] = 100 * table["images"] / table.groupby("label")["images"].transform("sum")
    table["colour"] = ""
    if colours is not None:
        means = pd.DataFrame(colours).groupby(stains).mean()
        table["colour"] = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in _whole(means.loc[table["stain"]])]
    table["number"] = table["stain"].str.rsplit("-", n=1).str[1].astype(int)
    table = table.sort_values(
        ["label", "number"], key=lambda column: column.map(natural) if column.name == "label" else column,
        ignore_index=True,
    )  # fmt: skip
    return table[["label", "stain", "images", "share", "groups", "colour", "part"]]


def cluster_examples(images: pd.DataFrame, groups: np.ndarray, of_cluster: np.ndarray, count: int) -> list[str]:
    """Return up to `count` paths of a cluster (`of_cluster`, bool (N,)), spread over it, no two of one group."""
    distinct = images["path"][of_cluster][~pd.Series(groups[of_cluster]).duplicated().to_numpy()].tolist()
    chosen = np.linspace(0, len(distinct) - 1, min(count, len(distinct))).round().astype(int)
    return [distinct[place] for place in chosen]


def _whole(means: pd.DataFrame) -> list[list[int]]:
    return means.round().astype(int).to_numpy().tolist()
