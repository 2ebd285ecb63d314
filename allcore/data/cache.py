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

_CHUNK = 16


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
    and what a killed build left, or damage since, is made good by the next. Raises `DatasetError` when an image changed
    since it was catalogued, or the cache cannot be written.
    """
    name = hashlib.sha256("\n".join(images["pixel_sha256"]).encode()).hexdigest()[:16]
    folder = cache / "decoded" / name
    if not _is_whole(folder):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_suffix(".lock")):
                if not _is_whole(folder):
                    _build(root, images, folder, on_progress)
        except OSError as error:
            raise DatasetError(
                f"the decoded images cannot be written below {folder.parent} ({error.strerror or error}); "
                "make room there, make it writable, or set ALLCORE_WORKSPACE to another disk"
            ) from None
    return _open(folder)


def _is_whole(folder: Path) -> bool:
    try:
        images = _open(folder)
    except (OSError, ValueError):
        return False
    return len(images.pixels) == int(images.shapes.prod(axis=1).sum()) * 3


def _open(folder: Path) -> DecodedImages:
    shapes = np.array(json.loads((folder / "shapes.json").read_text(encoding="utf-8")), np.int64)
    sizes = shapes.prod(axis=1) * 3
    return DecodedImages(
        pixels=np.memmap(folder / "pixels.u8", np.uint8, mode="r"),
        offsets=np.concatenate([[0], np.cumsum(sizes)[:-1]]),
        shapes=shapes,
    )


def _build(root: Path, images: pd.DataFrame, folder: Path, on_progress: Callable[[int, int], None] | None) -> None:
    unfinished = folder.with_suffix(".part")
    for remains in (unfinished, folder):
        shutil.rmtree(remains, ignore_errors=True)
    check_space("decoding the dataset", int((images["width"] * images["height"]).sum()) * 3, folder.parent)
    unfinished.mkdir()
    try:
        with (unfinished / "pixels.u8").open("wb") as file:
            shapes = _decode_into(file, root, images, on_progress)
            to_disk(file)
        with (unfinished / "shapes.json").open("wb") as file:
            file.write(json.dumps(shapes).encode())
            to_disk(file)
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def check_space(what: str, needed: int, folder: Path) -> None:
    """Raise `DatasetError` unless `folder` has room for `needed` bytes, naming `what` needs them."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DatasetError(
            f"{what} needs {needed / 1e9:.1f} GB below {folder}, {free / 1e9:.1f} GB are free; "
            "free some space or set ALLCORE_WORKSPACE to a larger disk"
        )


def to_disk(file: BinaryIO) -> None:
    """Wait until `file` is on the disk: a power cut must not leave a folder with its final name and holes in it."""
    file.flush()
    os.fsync(file.fileno())


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
