"""A maker of small datasets on disk, each image different from every other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def noise(seed: int, height: int = 12, width: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes PNG files `folder/<class>/<number>.png`, as many a class as asked for.

    Class names may hold a variant: `Original/Benign`. Every third image is larger than the others.
    """

    def make(counts: dict[str, int], folder: str = "data") -> Path:
        seed = 0
        for label, count in counts.items():
            (tmp_path / folder / label).mkdir(parents=True)
            for number in range(count):
                pixels = noise(seed, 12 + 8 * (seed % 3 == 0))
                Image.fromarray(pixels).save(tmp_path / folder / label / f"{number}.png")
                seed += 1
        return tmp_path / folder

    return make


@pytest.fixture
def dataset(make_dataset: Callable[..., Path]) -> Path:
    """Return a folder of seven images of two classes."""
    return make_dataset({"Benign": 4, "Pro": 3})


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Return a folder for cached results that is not there yet."""
    return tmp_path / "cache"
