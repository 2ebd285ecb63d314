"""The cells of a dataset's images, found once and cached by content: a label image for each decoded one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from allcore.cells.finder import WORK, LabelImage, find_cells
from allcore.data.decoded import DecodedImages
from allcore.errors import DatasetError
from allcore.progress import Progress, ProgressCounter
from allcore.result_cache import build_once, cached_file
from allcore.threads import in_threads

_FEWEST_WITH_CELLS = 0.5
"""Least part of a dataset's images in which cells are found, for it to be smears that cells can be sought in."""


@dataclass(frozen=True)
class CellMaps:
    """Label images in the order of the images they belong to, read-only views of one mapped file."""

    labels: np.ndarray
    images: DecodedImages

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def __getitem__(self, index: int) -> LabelImage:
        """Return the cells of image `index`: uint8 (H, W), 0 where there is none."""
        height, width = self.images.shapes[index]
        start = self.images.offsets[index] // 3  # one value a pixel, where the image has three
        return self.labels[start : start + height * width].reshape(height, width)

    def counts(self) -> np.ndarray:
        """Return the number of cells in each image: int64 (N,)."""
        return np.array([int(self[index].max(initial=0)) for index in range(len(self))], np.int64)


def are_smears(counts: np.ndarray) -> bool:
    """Return whether images with these numbers of cells (N,) are smears: cells in half of them at least."""
    return len(counts) > 0 and float((counts > 0).mean()) >= _FEWEST_WITH_CELLS


def check_smears(counts: np.ndarray) -> None:
    """Raise `DatasetError` unless images with these numbers of cells (N,) are smears."""
    if not are_smears(counts):
        raise DatasetError(
            f"nucleated cells are found in {int((counts > 0).sum())} of {len(counts)} training images, too few to put "
            "cells onto other fields: expected stained smears; set transplant and plain_field to 0"
        )


def cell_maps(
    images: DecodedImages,
    pixel_sha256: Sequence[str],
    cache: Path,
    on_progress: Progress | None = None,
) -> CellMaps:
    """Return the cells of decoded images, whose contents `pixel_sha256` names, finding what `cache` does not hold.

    One process of a machine finds them while others wait; what is kept appears whole or not at all. Raises
    `DatasetError` when the cache cannot be written.
    """
    file = cached_file(cache, "cells", "\n".join([f"finder {WORK}", *pixel_sha256]), ".u8")
    total = int(images.shapes.prod(axis=1).sum())
    build_once(
        file,
        lambda: file.is_file() and file.stat().st_size == total,
        lambda unfinished: _find_all(images, unfinished, on_progress),
        "the cells that were found",
        total,
    )
    return CellMaps(np.memmap(file, np.uint8, mode="r"), images)


def _find_all(images: DecodedImages, file: Path, on_progress: Progress | None) -> None:
    count = ProgressCounter(on_progress, len(images))
    with file.open("wb") as target:
        for labels in in_threads(lambda index: find_cells(images[index]), range(len(images)), ahead=1):
            target.write(np.ascontiguousarray(labels).data)
            count.add()
