"""The search for shared fields among many images."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
import pandas as pd

from allcore.data.shared_fields.candidates import Candidate, propose
from allcore.data.shared_fields.fitting import proposed_placements
from allcore.data.shared_fields.landmarks import find_landmarks
from allcore.data.shared_fields.verification import Match, View, make_view, verify
from allcore.processors import processors
from allcore.progress import Progress
from allcore.threads import in_threads, linear_algebra_in_one_thread

COLUMNS = ("first", "second", "scale", "angle", "mirrored", "dx", "dy", "overlap", "correlation", "landmarks")
SEARCH_VERSION = 4
"""Grows when the search finds other pairs than before, so that what was kept of it is made again."""
_USUAL_SIDE = 256
_VIEW_BYTES = 2**29
"""Bytes of smoothed images that are held while pairs are verified: some two thousand of the usual size."""
_UPRIGHT = 0.01
"""Correlation by which another angle and size must be better than a quarter turn in the same size."""


class Images(Protocol):
    """Images by their position: uint8 arrays (H, W, 3), RGB."""

    def __len__(self) -> int: ...  # noqa: D105

    def __getitem__(self, index: int, /) -> np.ndarray: ...  # noqa: D105


def find_shared_fields(images: Images, on_progress: Progress | None = None) -> pd.DataFrame:
    """Return the pairs of images that show the same region of a slide.

    `images` are uint8 (H, W, 3), RGB, of sizes and magnifications that may differ by half or twice. One row a pair:
    `first` and `second` (positions in `images`, first < second); then how the first lies on the second, which is a
    `Placement`: `mirrored` (left to right), made `scale` times as large, turned by `angle` (degrees counter-clockwise),
    its middle moved by `dx` and `dy` pixels from the middle of the second; `overlap` is the part (0 to 1) of the
    smaller frame that both show, `correlation` (up to 1) that of its pixels, `landmarks` how many pairs of landmarks
    agree. `on_progress` gets how much is done and how much there is to do.
    """

    def report(stage: int, share: float) -> None:
        if on_progress is not None:
            on_progress(int((stage + share) * len(images)), 3 * len(images))

    if len(images) < 2:
        return _table([])
    with linear_algebra_in_one_thread():
        return _search(images, report)


def _search(images: Images, report: Callable[[int, float], None]) -> pd.DataFrame:
    workers = processors()
    factor = _reduction(images)
    grey = _GreyImages(images, factor)
    landmarks = find_landmarks(grey, workers, lambda done: report(0, done / len(images)))
    if len(landmarks.points) == 0:
        return _table([])
    candidates = propose(landmarks, workers, lambda share: report(1, share))
    rows = []
    for candidate, match in zip(
        candidates, _verify_all(grey, candidates, workers, lambda share: report(2, share)), strict=True
    ):
        if match is not None:
            placement = match.placement._replace(dx=match.placement.dx / factor, dy=match.placement.dy / factor)
            rows.append(
                (candidate.first, candidate.second, *placement, match.overlap, match.correlation, match.landmarks)
            )
    report(3, 0)
    return _table(rows)


def _table(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    kinds = (
        dict.fromkeys(COLUMNS, "float64")
        | dict.fromkeys(("first", "second", "landmarks"), "int64")
        | {"mirrored": "bool"}
    )
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


class _Views:
    """The views of images, made when they are asked for; those asked for last are held, within `_VIEW_BYTES`.

    A candidate's first image comes again with the next ones; all views would take gigabytes.
    """

    def __init__(self, grey: _GreyImages) -> None:
        self._grey = grey
        self._held: OrderedDict[int, View] = OrderedDict()  # what was asked for last stands last
        self._bytes = 0
        self._lock = threading.Lock()

    def __getitem__(self, index: int) -> View:
        with self._lock:
            if index in self._held:
                self._held.move_to_end(index)
                return self._held[index]
        view = make_view(self._grey[index])
        with self._lock:
            if index not in self._held:
                self._held[index] = view
                self._bytes += _bytes(view)
            while self._bytes > _VIEW_BYTES:
                self._bytes -= _bytes(self._held.popitem(last=False)[1])
        return view


def _bytes(view: View) -> int:
    return sum(part.nbytes for part in view)


def _reduction(images: Images) -> float:
    """Return the one factor by which all images are reduced: large ones show more detail than the search needs."""
    side = float(np.median([max(images[index].shape[:2]) for index in range(len(images))]))
    return 1.0 if side < 1.5 * _USUAL_SIDE else _USUAL_SIDE / side


def _verify_all(
    grey: _GreyImages, candidates: Sequence[Candidate], workers: int, report: Callable[[float], None]
) -> list[Match | None]:
    """Return for each candidate the best of its placements that hold."""
    views = _Views(grey)

    def check(candidate: Candidate) -> Match | None:
        first, second = views[candidate.first], views[candidate.second]
        matches = [
            match
            for placement in proposed_placements(candidate)
            if (match := verify(first, second, placement, candidate.ones, candidate.others)) is not None
        ]
        return max(matches, key=lambda match: match.correlation + _UPRIGHT * match.placement.upright, default=None)

    held = []
    for match in in_threads(check, candidates, workers):
        held.append(match)
        report(len(held) / len(candidates))
    return held
