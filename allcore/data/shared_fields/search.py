"""The search for shared fields among many images."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import cv2
import numpy as np
import pandas as pd

from allcore.data.shared_fields.candidates import Candidates, propose
from allcore.data.shared_fields.landmarks import find_landmarks
from allcore.data.shared_fields.orientation import ORIENTATIONS
from allcore.data.shared_fields.verification import Placement, View, make_view, verify

COLUMNS = ("first", "second", "quarter_turns", "mirrored", "dx", "dy", "overlap", "correlation", "landmarks")
SEARCH_VERSION = 2
"""Grows when the search finds other pairs than before, so that what was kept of it is made again."""
_USUAL_SIDE = 256

Progress = Callable[[int, int], None]


class Images(Protocol):
    """Images by their position: uint8 arrays (H, W, 3), RGB."""

    def __len__(self) -> int: ...  # noqa: D105

    def __getitem__(self, index: int, /) -> np.ndarray: ...  # noqa: D105


def find_shared_fields(images: Images, on_progress: Progress | None = None) -> pd.DataFrame:
    """Return the pairs of images that show the same region of a slide.

    `images` are uint8 (H, W, 3), RGB, of one magnification. One row a pair: `first` and `second` (positions in
    `images`, first < second); `quarter_turns` (0 to 3, counter-clockwise) and then `mirrored` (left to right) bring
    `first` into the orientation of `second`; moved by `dx` and `dy` pixels it lies on it; `overlap` is the part (0 to
    1) of the smaller frame that both show, `correlation` (up to 1) that of its pixels, `landmarks` how many pairs of
    landmarks agree. `on_progress` gets how much is done and how much there is to do.
    """

    def report(stage: int, share: float) -> None:
        if on_progress is not None:
            on_progress(int((stage + share) * len(images)), 3 * len(images))

    if len(images) < 2:
        return _table([])
    workers = os.cpu_count() or 1
    factor = _reduction(images)
    grey = _GreyImages(images, factor)
    landmarks = find_landmarks(grey, workers, lambda done: report(0, done / len(images)))
    if len(landmarks.points) == 0:
        return _table([])
    candidates = propose(landmarks, workers, lambda done: report(1, done / len(ORIENTATIONS)))
    placements = _verify_all(grey, candidates, workers, lambda share: report(2, share))
    rows = []
    for number, placement in placements.items():
        orientation = candidates.orientation[number]
        dx, dy = (round(pixels / factor) for pixels in placement.shift)
        images_of = candidates.first[number], candidates.second[number]
        measured = placement.overlap, placement.correlation, candidates.votes[number]
        rows.append((*images_of, orientation % 4, orientation >= 4, dx, dy, *measured))
    return _table(rows)


def _table(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    kinds = dict.fromkeys(COLUMNS, "int64") | {"mirrored": "bool", "overlap": "float64", "correlation": "float64"}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(kinds).sort_values(["first", "second"], ignore_index=True)


class _GreyImages(Sequence[np.ndarray]):
    """The images in grey and reduced, made when they are asked for."""

    def __init__(self, images: Images, factor: float) -> None:
        self._images = images
        self._factor = factor

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> np.ndarray:  # type: ignore[override]  # no slices
        grey = cv2.cvtColor(self._images[index], cv2.COLOR_RGB2GRAY)
        if self._factor == 1.0:
            return grey
        return cv2.resize(grey, None, fx=self._factor, fy=self._factor, interpolation=cv2.INTER_AREA)


def _reduction(images: Images) -> float:
    """Return the one factor by which all images are reduced: large ones show more detail than the search needs."""
    side = float(np.median([max(images[index].shape[:2]) for index in range(len(images))]))
    return 1.0 if side < 1.5 * _USUAL_SIDE else _USUAL_SIDE / side


def _verify_all(
    grey: _GreyImages, candidates: Candidates, workers: int, report: Callable[[float], None]
) -> dict[int, Placement]:
    """Return the placements that hold, by the number of their candidate."""
    count = len(candidates.first)
    views: dict[int, View] = {}

    def view(index: int) -> View:
        if index not in views:
            views[index] = make_view(grey[index])
        return views[index]

    def check(number: int) -> Placement | None:
        dx, dy = candidates.shift[number]
        return verify(
            view(int(candidates.first[number])), view(int(candidates.second[number])),
            int(candidates.orientation[number]), (int(dx), int(dy)), int(candidates.votes[number]),
        )  # fmt: skip

    held: dict[int, Placement] = {}
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for number, placement in enumerate(pool.map(check, range(count))):
            if placement is not None:
                held[number] = placement
            report((number + 1) / count)
    return held
