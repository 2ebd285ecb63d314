"""Splits of arrays that need no file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from allcore.data.decoded import DecodedImages
from allcore.data.splits.split import Split


def as_decoded(images: Sequence[np.ndarray]) -> DecodedImages:
    """Lay images out as the cache has them."""
    shapes = np.array([image.shape[:2] for image in images])
    sizes = shapes.prod(axis=1) * 3
    return DecodedImages(
        np.concatenate([image.ravel() for image in images]), np.concatenate([[0], np.cumsum(sizes)[:-1]]), shapes
    )


@pytest.fixture
def make_case():
    """Return a maker of images and their split: per class a function that draws one, three of four in train."""

    def make(draw, per_class: int = 16, seed: int = 0) -> tuple[DecodedImages, Split]:
        rng = np.random.default_rng(seed)
        images, rows = [], []
        for label, of_class in draw.items():
            for number in range(per_class):
                images.append(of_class(rng))
                part = ("train", "test", "train", "train", "validation")[number % 5]
                digest = hashlib.sha256(images[-1].tobytes() + label.encode()).hexdigest()
                rows.append((f"{label}/{number}.png", digest, label, f"g{len(rows):05d}", part))
        table = pd.DataFrame(rows, columns=["path", "sha256", "label", "group", "split"])
        return as_decoded(images), Split(table)

    return make


@pytest.fixture
def two_colours(make_case):
    """Return images of noise around red or around blue, and their split."""

    def around(colour):
        return lambda rng: np.clip(rng.normal(colour, 20, (24, 24, 3)), 0, 255).astype(np.uint8)

    return make_case({"Benign": around((180, 90, 90)), "Pro": around((90, 90, 180))})
