"""Batches for training: any batch of any epoch can be made again, by its number alone."""

from __future__ import annotations

import math
import zlib
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from allcore.augment import augment, resize
from allcore.cells.finder import LabelImage
from allcore.cells.lenders import Lenders
from allcore.cells.maps import CellMaps
from allcore.config import TrainConfig
from allcore.data.decoded import DecodedImages
from allcore.processors import processors

THREADS = min(16, processors())
_BYTES_AHEAD = 512 * 10**6
"""Pixels of batches that are there at once, unless two batches have more."""


@dataclass(frozen=True)
class Batch:
    """One batch: images uint8 (B, S, S, 3), labels int64 (B,), rows of the split that they are (B,)."""

    images: np.ndarray
    labels: np.ndarray
    rows: np.ndarray

    def checksum(self) -> int:
        """Return the CRC-32 of the pixels."""
        return zlib.crc32(self.images.data)


@dataclass(frozen=True)
class BatchSource:
    """Makes batches of `rows` (numbers of rows of the split) from the decoded images.

    With `augmented`, epoch e is shuffled by (seed, e) and row r changed by (seed, e, r); without, rows come in order
    and are only resized. `cells` are those of all images, where the configuration changes fields; only `rows` lend.
    """

    images: DecodedImages
    labels: np.ndarray
    rows: np.ndarray
    config: TrainConfig
    augmented: bool
    cells: CellMaps | None = None

    @property
    def steps(self) -> int:
        """Number of batches an epoch; the last may be smaller."""
        return math.ceil(len(self.rows) / self.config.batch_size)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return batch `step` (0-based) of `epoch` (0-based)."""
        size = self.config.batch_size
        rows = self._order(epoch)[step * size : (step + 1) * size]
        images = np.empty((len(rows), *self._image_shape), np.uint8)
        for image, row in zip(images, rows, strict=True):
            image[:] = self._image(epoch, int(row))
        return Batch(images=images, labels=self.labels[rows], rows=rows)

    def batches(self, epoch: int, start: int = 0) -> Generator[Batch, None, None]:
        """Yield the batches of `epoch` from `start` on, made ahead of time in threads, as far as memory allows."""
        waiting: deque[Future[Batch]] = deque()
        with ThreadPoolExecutor(max_workers=THREADS) as pool:
            try:
                for step in range(start, self.steps):
                    waiting.append(pool.submit(self.batch, epoch, step))
                    if len(waiting) > self._ahead:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    @property
    def _image_shape(self) -> tuple[int, int, int]:
        return (self.config.image_size, self.config.image_size, 3)

    @property
    def _ahead(self) -> int:
        """How many batches are made while another one is learned from."""
        size = min(self.config.batch_size, len(self.rows)) * math.prod(self._image_shape)
        return max(1, min(THREADS + 2, _BYTES_AHEAD // size - 1))

    def _order(self, epoch: int) -> np.ndarray:
        if not self.augmented:
            return self.rows
        return np.random.default_rng([self.config.seed, epoch]).permutation(self.rows)

    def _image(self, epoch: int, row: int) -> np.ndarray:
        config = self.config
        if not self.augmented:
            return resize(self.images[row], config.image_size)
        cells = self._cells_of(row) if config.augment.changes_fields else None
        return augment(
            self.images[row], config.image_size, config.augment, config.seed, epoch, row, cells, self._lenders
        )

    @cached_property
    def _lenders(self) -> Lenders:
        return Lenders(self.images.__getitem__, self._cells_of, self.rows)

    def _cells_of(self, row: int) -> LabelImage:
        if self.cells is None:
            raise ValueError("expected the cells of all images, for the configuration changes fields; received none")
        return self.cells[row]
