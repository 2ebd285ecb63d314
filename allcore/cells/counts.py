"""How many nucleated cells each image of a dataset holds: counted once, kept by the images' content."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allcore.cells.finder import WORK, LabelImage, find_cells
from allcore.cells.maps import are_smears
from allcore.data.decoded import decode_catalogued
from allcore.errors import FileError
from allcore.json_text import read_json
from allcore.number_text import per_cent
from allcore.processors import processors
from allcore.result_cache import cache_text, cached_file

COLUMNS = ("cells", "cut", "area")
"""Cells of an image, how many of them its border cuts off, and the fraction of its area that they cover."""

_CHUNK = 256
"""Images after which the counts so far are kept, so that work that is broken off goes on from there."""
_LARGEST_BYTES = 512 * 1024 * 1024


def count_cells(
    root: Path, images: pd.DataFrame, cache: Path, on_progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Return the cells in usable catalog rows below `root`, in their order: `cells`, `cut` (int64) and `area`.

    Images whose content `cache` knows are not looked at. `on_progress` hears of images counted and in all. Raises
    `DatasetError` when an image changed since it was catalogued.
    """
    kept = _read(images, cache)
    new = images[~images["pixel_sha256"].isin(kept.keys())].drop_duplicates("pixel_sha256")
    with ThreadPoolExecutor(max_workers=processors()) as pool:
        for start in range(0, len(new), _CHUNK):
            rows = new.iloc[start : start + _CHUNK]
            counts = pool.map(lambda path, content: _count(root, path, content), rows["path"], rows["pixel_sha256"])
            for done, (content, of_image) in enumerate(zip(rows["pixel_sha256"], counts, strict=True), start + 1):
                kept[content] = of_image
                if on_progress is not None:
                    on_progress(done, len(new))
            cache_text(_file(images, cache), json.dumps(kept))
    return _in_order(images, kept)


def known_counts(images: pd.DataFrame, cache: Path) -> pd.DataFrame | None:
    """Return what `count_cells` returns where `cache` holds it of all images; else None."""
    kept = _read(images, cache)
    return _in_order(images, kept) if images["pixel_sha256"].isin(kept.keys()).all() else None


def cells_of(labels: LabelImage) -> tuple[int, int, float]:
    """Return what a label image (H, W) counts: its cells, those that the border cuts off, the fraction of its area."""
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    cut = len(np.unique(border[border > 0]))
    return int(labels.max(initial=0)), cut, float((labels > 0).mean())


def cells_by_class(images: pd.DataFrame, counts: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return one row a class of catalog rows and their counts, a class without images left out.

    Columns: class, images, cells, cut (of all its images), least, median and most (of an image), without (images in
    which no cell is found) and area (mean fraction).
    """
    rows = []
    for name in classes:
        of_class = counts[(images["label"] == name).to_numpy()]
        if len(of_class):
            cells, cut = of_class["cells"], int(of_class["cut"].sum())
            row = {"class": name, "images": len(of_class), "cells": int(cells.sum()), "cut": cut}
            row |= {"least": int(cells.min()), "median": float(cells.median()), "most": int(cells.max())}
            rows.append(row | {"without": int((cells == 0).sum()), "area": float(of_class["area"].mean())})
    names = ["class", "images", "cells", "cut", "least", "median", "most", "without", "area"]
    return pd.DataFrame(rows, columns=names)


def cells_found(counts: pd.DataFrame) -> str:
    """Return in a sentence what the counts of a dataset's images say, also where the images are no smears."""
    cells = counts["cells"].to_numpy()
    with_cells = int((cells > 0).sum())
    if not are_smears(cells):
        return (
            f"Nucleated cells are found in {with_cells:,} of {len(cells):,} images, too few for stained smears: what "
            "builds on cells is left out for this dataset."
        )
    without = len(cells) - with_cells
    none = f"none in {without:,}" if without else "some in every one"
    return (
        f"{cells.sum():,} nucleated cells in {len(cells):,} images: {np.median(cells):g} in the median image, at most "
        f"{cells.max():,}, {none}. They cover {per_cent(float(counts['area'].mean()), 1)} of the area."
    )


def _count(root: Path, path: str, content: str) -> tuple[int, int, float]:
    return cells_of(find_cells(decode_catalogued(root, path, content)))


def _in_order(images: pd.DataFrame, kept: dict[str, tuple[int, int, float]]) -> pd.DataFrame:
    counts = pd.DataFrame([kept[content] for content in images["pixel_sha256"]], index=images.index, columns=[*COLUMNS])
    return counts.astype({"cells": "int64", "cut": "int64", "area": "float64"})


def _file(images: pd.DataFrame, cache: Path) -> Path:
    content = "\n".join([f"finder {WORK}", *sorted(set(images["pixel_sha256"]))])
    return cached_file(cache, "cells", content, ".json")


def _read(images: pd.DataFrame, cache: Path) -> dict[str, tuple[int, int, float]]:
    """Return what is kept, by content; nothing where the file is not there or damaged."""
    try:
        kept = read_json(_file(images, cache), _LARGEST_BYTES)
        return {content: _checked(*values) for content, values in kept.items()}
    except (FileError, AttributeError, TypeError, ValueError):
        return {}


def _checked(cells: Any, cut: Any, area: Any) -> tuple[int, int, float]:  # noqa: ANN401 - any JSON value
    if not (0 <= cut <= cells and 0 <= area <= 1):
        raise ValueError
    return int(cells), int(cut), float(area)
