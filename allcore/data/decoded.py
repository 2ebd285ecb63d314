"""Decoded images on disk: every image decoded once, at native size, and memory-mapped by all runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from allcore.data.intake.images import decode, pixel_sha256
from allcore.errors import DatasetError, FileError, ImageError
from allcore.json_text import read_json
from allcore.processors import processors
from allcore.progress import Progress, ProgressCounter
from allcore.result_cache import build_once, cached_file
from allcore.threads import in_threads

_LARGEST_BYTES = 2**28
_AT_ONCE = 16
"""Images that are decoded at once at most: one a thread, until it is written."""


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


def decoded_bytes(images: pd.DataFrame) -> int:
    """Return the bytes that the images of catalog rows take decoded."""
    return int((images["width"] * images["height"]).sum()) * 3


def decoded_images(root: Path, images: pd.DataFrame, cache: Path, on_progress: Progress | None = None) -> DecodedImages:
    """Return the decoded images of catalog rows below `root`, decoding what `cache` does not hold yet.

    The cache is named by the images' content. One process of a machine builds it while others wait; it appears whole or
    not at all, and what a killed build left, or damage since, is made good by the next. Raises `DatasetError` when an
    image changed since it was catalogued, or the cache cannot be written.
    """
    folder = cached_file(cache, "decoded", "\n".join(images["pixel_sha256"]), "")
    build_once(
        folder,
        lambda: _is_whole(folder),
        lambda unfinished: _build(root, images, unfinished, on_progress),
        "the decoded images",
        decoded_bytes(images),
    )
    return _open(folder)


def _is_whole(folder: Path) -> bool:
    try:
        images = _open(folder)
    except (FileError, OSError, ValueError, TypeError):
        return False
    return len(images.pixels) == int(images.shapes.prod(axis=1).sum()) * 3


def _open(folder: Path) -> DecodedImages:
    shapes = np.array(read_json(folder / "shapes.json", _LARGEST_BYTES), np.int64)
    sizes = shapes.prod(axis=1) * 3
    return DecodedImages(
        pixels=np.memmap(folder / "pixels.u8", np.uint8, mode="r"),
        offsets=np.concatenate([[0], np.cumsum(sizes)[:-1]]),
        shapes=shapes,
    )


def _build(root: Path, images: pd.DataFrame, folder: Path, on_progress: Progress | None) -> None:
    folder.mkdir()
    with (folder / "pixels.u8").open("wb") as file:
        shapes = _decode_into(file, root, images, on_progress)
    (folder / "shapes.json").write_text(json.dumps(shapes), encoding="utf-8")


def decode_catalogued(root: Path, path: str, content: str) -> np.ndarray:
    """Return the pixels of an image that the catalog knows by its `pixel_sha256`, uint8 (H, W, 3).

    Raises `DatasetError` when it is gone or has changed since.
    """
    try:
        pixels = decode(root / path)
    except ImageError as error:
        raise DatasetError(f"{path} can no longer be read: {error}; scan the dataset again") from None
    if pixel_sha256(pixels) != content:
        raise DatasetError(f"{path} changed since the dataset was scanned; scan it again")
    return pixels


def _decode_into(
    file: BinaryIO, root: Path, images: pd.DataFrame, on_progress: Progress | None
) -> list[tuple[int, int]]:
    """Append the images' pixels to `file` and return their heights and widths."""
    count, shapes = ProgressCounter(on_progress, len(images)), []
    rows, workers = zip(images["path"], images["pixel_sha256"], strict=True), min(_AT_ONCE, processors())
    for pixels in in_threads(lambda row: decode_catalogued(root, *row), rows, workers, ahead=1):
        file.write(np.ascontiguousarray(pixels).data)
        shapes.append((pixels.shape[0], pixels.shape[1]))
        count.add()
    return shapes
