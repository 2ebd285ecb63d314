"""Verification: whether two images, laid on each other, really show the same pixels.

Two fields are the same when what both show correlates as a whole, in its fine structure, and in most of its parts, and
not in one place alone: a cell on an empty background fits many another. A field that was photographed again out of
focus or while the stage moved correlates less; there, many landmarks in one placement stand in for it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from allcore.data.scale_bar import SCALE_BAR_CORNER
from allcore.data.shared_fields.fitting import agreeing
from allcore.data.shared_fields.placement import Placement

_SMALLEST_OVERLAP = 0.05
"""Least part of the smaller frame that both images must show."""
_PART_CORRELATION = 0.7
"""Least median correlation of the parts of what both show, where few landmarks agree."""
_MANY_LANDMARKS = 7
_HALF, _SMALL = 0.4, 0.2
_PART = 16
_PARTS_AT_LEAST = 10
_PLAIN = 4.0
"""Standard deviation in grey levels below which a part shows no structure."""
_REACH = 2
_HOPELESS = 0.25
"""Correlation that a shift of a pixel or two would not mend."""
_SKIP = 3
_FINE = 3.0
"""Blur in pixels that leaves the coarse structure, such as the outline of a cell."""
_BAR, _SLIDE = 1, 2


class Criteria(NamedTuple):
    """The correlations, as a whole and of fine structure, that a placement must have on which so many landmarks agree.

    Measured on the ALL images and on single cells of another laboratory: cells that happen to lie alike correlate as a
    whole by up to 0.95, in their fine structure by up to 0.5, with up to five landmarks; the same field, out of focus,
    correlates in its fine structure from 0.25 on, with seven landmarks and more.
    """

    landmarks: int
    correlation: float
    fine: float


_WANTED = (Criteria(_MANY_LANDMARKS, 0.5, 0.25), Criteria(4, 0.7, 0.45), Criteria(0, 0.75, 0.6))
_WANTED_OF_LESS = 0.72
"""Correlation that many landmarks need where less than `_HALF` of a frame is shared."""
_WANTED_OF_SMALL = 0.85
"""Correlation of fine structure that few landmarks need where less than `_SMALL` of a frame is shared."""


class Match(NamedTuple):
    """A verified placement: the part of the smaller frame that is shared, its correlation, how many landmarks agree."""

    placement: Placement
    overlap: float
    correlation: float
    landmarks: int


class View(NamedTuple):
    """A smoothed grey image, float32 (H, W), and what each pixel shows, uint8 (H, W): the slide, or a scale bar."""

    grey: np.ndarray
    shows: np.ndarray


class _Common(NamedTuple):
    """What both images show: their grey values (h, w), which pixels of it are slide in both, how many both have."""

    first: np.ndarray
    second: np.ndarray
    slide: np.ndarray
    pixels: int

    def correlation(self, skip: int = 1) -> float:
        slide = self.slide[::skip, ::skip]
        return _correlation(self.first[::skip, ::skip][slide], self.second[::skip, ::skip][slide])


def make_view(grey: np.ndarray) -> View:
    """Return the view of a grey image, uint8 (H, W)."""
    height, width = grey.shape
    shows = np.full(grey.shape, _SLIDE, np.uint8)
    shows[height - round(height * SCALE_BAR_CORNER[0]) :, width - round(width * SCALE_BAR_CORNER[1]) :] = _BAR
    return View(cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float32), shows)


class _Laid:
    """The first image laid on the second, with a margin, so that it can be moved by some pixels."""

    def __init__(self, first: View, second: View, placement: Placement) -> None:
        matrix = placement.matrix(first.grey.shape, second.grey.shape) + [[0, 0, _REACH]] * 2
        size = second.grey.shape[1] + 2 * _REACH, second.grey.shape[0] + 2 * _REACH
        self.grey = cv2.warpAffine(first.grey, matrix, size, flags=cv2.INTER_LINEAR)
        self.shows = cv2.warpAffine(first.shows, matrix, size, flags=cv2.INTER_NEAREST)
        self.second = second

    def moved(self, right: int, down: int) -> _Common:
        height, width = self.second.grey.shape
        here = np.s_[_REACH - down : _REACH - down + height, _REACH - right : _REACH - right + width]
        shows = self.shows[here]
        left, top, width, height = cv2.boundingRect(shows)
        box = np.s_[top : top + height, left : left + width]
        slide = (shows[box] == _SLIDE) & (self.second.shows[box] == _SLIDE)
        return _Common(self.grey[here][box], self.second.grey[box], slide, int(np.count_nonzero(shows)))


def verify(first: View, second: View, placement: Placement, ones: np.ndarray, others: np.ndarray) -> Match | None:
    """Return where `first`, laid on `second` by about `placement`, shows what `second` shows, if it does.

    `ones` and `others`, float (n, 2), are the landmarks that propose it, in pixels from the images' middles.
    """
    placement = placement.on_whole_pixels(first.grey.shape, second.grey.shape)
    if _is_hopeless(first, second, placement):
        return None
    laid = _Laid(first, second, placement)
    steps = range(-_REACH, _REACH + 1)
    _, right, down = max((laid.moved(dx, dy).correlation(_SKIP), dx, dy) for dx in steps for dy in steps)
    placement = placement._replace(dx=placement.dx + right, dy=placement.dy + down)
    common = laid.moved(right, down)
    overlap = common.pixels / min(first.grey.size * placement.scale**2, second.grey.size)
    correlation, landmarks = common.correlation(), agreeing(ones, others, placement)
    if overlap < _SMALLEST_OVERLAP or not _is_alike(common, placement, overlap, correlation, landmarks):
        return None
    return Match(placement, float(overlap), correlation, landmarks)


def _is_hopeless(first: View, second: View, placement: Placement) -> bool:
    """Return whether the images are too unlike for a shift of some pixels to mend, by every third row and column."""
    matrix = placement.matrix(first.grey.shape, second.grey.shape) / _SKIP
    sampled = View(*(part[::_SKIP, ::_SKIP] for part in second))
    grey, shows = (cv2.warpAffine(part, matrix, sampled.grey.shape[::-1], flags=cv2.INTER_NEAREST) for part in first)
    slide = (shows == _SLIDE) & (sampled.shows == _SLIDE)
    return _correlation(grey[slide], sampled.grey[slide]) < _HOPELESS


def _is_alike(common: _Common, placement: Placement, overlap: float, correlation: float, landmarks: int) -> bool:
    """Return whether what two images have in common is the same field, and not only cells that happen to lie alike."""
    many = landmarks >= _MANY_LANDMARKS and placement.upright  # no field is blurred and turned at once
    wanted = next(each for each in _WANTED[0 if many else 1 :] if landmarks >= each.landmarks)
    if many and overlap < _HALF:
        wanted = wanted._replace(correlation=_WANTED_OF_LESS)
    fine = wanted.fine if many or overlap >= _SMALL else _WANTED_OF_SMALL
    if correlation < wanted.correlation or _fine_correlation(common) < fine:
        return False
    parts = _part_correlations(common)
    if not many and not np.nanmedian(parts) >= _PART_CORRELATION:
        return False
    return not _is_one_place(parts >= _PART_CORRELATION)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return Pearson's correlation; 0 where there is nothing."""
    if len(a) == 0:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-9))


def _fine_correlation(common: _Common) -> float:
    """Return the correlation of what is left when coarse structure, as a cell's outline, is taken away."""
    fine = [grey - cv2.GaussianBlur(grey, (0, 0), _FINE) for grey in (common.first, common.second)]
    return _correlation(fine[0][common.slide], fine[1][common.slide])


def _is_one_place(agreeing: np.ndarray) -> bool:
    """Return whether the parts that agree, bool (rows, columns), are few, or span less than half of a side."""
    rows, columns = np.nonzero(agreeing)
    if len(rows) < _PARTS_AT_LEAST:
        return True
    spans = (np.ptp(rows) + 1) / agreeing.shape[0], (np.ptp(columns) + 1) / agreeing.shape[1]
    return bool(min(spans) < 0.5)


def _part_correlations(common: _Common) -> np.ndarray:
    """Return the correlation of each square part (rows, columns); nan where neither image has structure."""
    rows, columns = (side // _PART for side in common.slide.shape)
    found = np.full((rows, columns), np.nan)
    for row, column in np.ndindex(rows, columns):
        part = np.s_[row * _PART : (row + 1) * _PART, column * _PART : (column + 1) * _PART]
        a, b = common.first[part], common.second[part]
        if common.slide[part].all() and max(a.std(), b.std()) >= _PLAIN:
            found[row, column] = _correlation(a.ravel(), b.ravel())
    return found
