"""Decoded images on disk: every image decoded once, at native size, and memory-mapped by all runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from filelock import FileLock

from allcore.data.intake import decode, pixel_sha256
from allcore.errors import DatasetError, ImageError

_CHUNK = 64


@dataclass(frozen=True)
class DecodedImages:
    """Images as read-only uint8 arrays of shape (H, W, 3), RGB, in the order of the rows they were made from."""

    pixels: np.ndarray
    offsets: np.ndarray
    shapes: np.ndarray

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.shapes)

    def __getitem__(self, index: int) -> np.ndarray:
        """Return image `index`, a view of the mapped file: uint8 (H, W, 3)."""
        height, width = self.shapes[index]
        start = self.offsets[index]
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)


def decoded_images(
    root: Path, images: pd.DataFrame, cache: Path, on_progress: Callable[[int, int], None] | None = None
) -> DecodedImages:
    """Return the decoded images of catalog rows below `root`, decoding what `cache` does not hold yet.

    The cache is named by the images' content. One process builds it while others wait; it appears whole or not at all,
    and what a killed build left is removed by the next. Raises `DatasetError` when an image changed since it was
    catalogued, or the disk is too full.
    """
    name = hashlib.sha256("\n".join(images["pixel_sha256"]).encode()).hexdigest()[:16]
    folder = cache / "decoded" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        with FileLock(folder.with_suffix(".lock")):
            if not folder.is_dir():
                _build(root, images, folder, on_progress)
    return _open(folder)


def _open(folder: Path) -> DecodedImages:
    shapes = np.array(json.loads((folder / "shapes.json").read_text(encoding="utf-8")), np.int64)
    sizes = shapes.prod(axis=1) * 3
    return DecodedImages(
        pixels=np.memmap(folder / "pixels.u8", np.uint8, mode="r"),
        offsets=np.concatenate([[0], np.cumsum(sizes)[:-1]]),
        shapes=shapes,
    )


def _build(root: Path, images: pd.DataFrame, folder: Path, on_progress: Callable[[int, int], None] | None) -> None:
    needed = int((images["width"] * images["height"]).sum()) * 3
    free = shutil.disk_usage(folder.parent).free
    if needed > free:
        raise DatasetError(
            f"decoding the dataset needs {needed / 1e9:.1f} GB below {folder.parent}, {free / 1e9:.1f} GB are free; "
            "free some space or set ALLCORE_WORKSPACE to a larger disk"
        )
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    with (unfinished / "pixels.u8").open("wb") as file:
        shapes = _decode_into(file, root, images, on_progress)
    (unfinished / "shapes.json").write_text(json.dumps(shapes), encoding="utf-8")
    unfinished.replace(folder)


def _decode_into(
    file: BinaryIO, root: Path, images: pd.DataFrame, on_progress: Callable[[int, int], None] | None
) -> list[tuple[int, int]]:
    """Append the images' pixels to `file` and return their heights and widths."""

    def load(path: str, expected: str) -> np.ndarray:
        try:
            pixels = decode(root / path)
        except ImageError as error:
            raise DatasetError(f"{path} can no longer be read: {error}; scan the dataset again") from None
        if pixel_sha256(pixels) != expected:
            raise DatasetError(f"{path} changed since the dataset was scanned; scan it again")
        return pixels

    shapes = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for start in range(0, len(images), _CHUNK):  # a chunk at a time, so that memory stays small
            rows = images.iloc[start : start + _CHUNK]
            for pixels in pool.map(load, rows["path"], rows["pixel_sha256"]):
                file.write(pixels.tobytes())
                shapes.append((pixels.shape[0], pixels.shape[1]))
            if on_progress is not None:
                on_progress(len(shapes), len(images))
    return shapes
