"""Many drawn files, for what grows with their number: made once in a folder of the benchmark's own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from allcore.data.synthetic.cells import CLASSES
from allcore.data.synthetic.slide import photograph, stain_slide
from allcore.data.synthetic.specimen import draw_specimen
from allcore.threads import in_threads
from benchmarks.claim import Material

SMALL = 64
_FIELDS, _FIELD = 64, 448
"""Drawn fields from which small images are cut, and their side."""


def drawn_field(number: int, side: int) -> np.ndarray:
    """Return a drawn field of its own, uint8 (side, side, 3), RGB."""
    rng = np.random.default_rng([1, number])
    label = CLASSES[number % len(CLASSES)]
    glass = stain_slide(label, number % 5, stain_by_class=True)
    return photograph(draw_specimen(label, glass, rng, (side, side), 1.0).concentrations, glass, rng)


def small_files(material: Material, count: int) -> Path:
    """Return a dataset of so many files of 64 px, each of its own pixels: cut, turned, from a few drawn fields."""
    folder = material.scratch / f"small-{count}"
    if folder.is_dir():
        return folder
    for label in CLASSES:
        (folder / label).mkdir(parents=True)
    fields = list(in_threads(lambda number: drawn_field(number, _FIELD), range(min(_FIELDS, count))))

    def write(number: int) -> None:
        source = number % len(fields)
        rng = np.random.default_rng([2, number])
        y, x = rng.integers(0, _FIELD - SMALL, 2)
        cut = np.rot90(fields[source][y : y + SMALL, x : x + SMALL], int(rng.integers(4)))
        _write(folder / CLASSES[source % len(CLASSES)] / f"{number:06d}.jpg", cut)

    list(in_threads(write, range(count)))
    return folder


class DrawnFields:
    """Fields of 224 px that have nothing in common, read from their files when they are asked for."""

    def __init__(self, material: Material, count: int, side: int = 224) -> None:
        self._folder = material.scratch / "fields"
        self._folder.mkdir(exist_ok=True)
        self._count = count

        def write(number: int) -> None:
            if not self._file(number).is_file():
                _write(self._file(number), drawn_field(number, side))

        list(in_threads(write, range(count)))

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def __getitem__(self, number: int) -> np.ndarray:
        """Return one, uint8 (H, W, 3), RGB. Raises `IndexError` behind the last."""
        if not 0 <= number < self._count:
            raise IndexError(number)
        read = cv2.imread(str(self._file(number)), cv2.IMREAD_COLOR)
        assert read is not None
        return cv2.cvtColor(read, cv2.COLOR_BGR2RGB)

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:06d}.jpg"


def _write(path: Path, pixels: np.ndarray) -> None:
    cv2.imwrite(str(path), np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 85])
