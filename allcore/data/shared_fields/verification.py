"""Verification: whether two images, laid on each other, really show the same pixels.

Two fields are the same when what both show correlates as a whole and in most of its parts, and not in one place alone,
for a cell on an empty background fits many another. A field that was photographed again out of focus or while the stage
moved correlates less; there, many landmarks in one placement stand in for it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from allcore.augment import SCALE_BAR_CORNER
from allcore.data.shared_fields.orientation import turn_image

SMALLEST_OVERLAP = 0.05
"""Least part of the smaller frame that both images must show."""
PART_CORRELATION = 0.7
"""Least median correlation of the parts of what both show, where few landmarks agree."""
_MANY_VOTES = 8
_PART = 16
_PARTS_AT_LEAST = 10
_PLAIN = 4.0
"""Standard deviation in grey levels below which a part shows no structure."""
_REACH = 2
_HOPELESS = 0.25
"""Correlation that a shift of a pixel or two would not mend; of every third row and column, which is enough here."""
_SKIP = 3


class Placement(NamedTuple):
    """A verified placement: shift in pixels, the part of the smaller frame that is shared, and its correlation."""

    shift: tuple[int, int]
    overlap: float
    correlation: float


class View(NamedTuple):
    """A smoothed grey image, float32 (H, W), and where it shows the slide and not a scale bar, bool (H, W)."""

    grey: np.ndarray
    slide: np.ndarray


def make_view(grey: np.ndarray) -> View:
    """Return the view of a grey image, uint8 (H, W)."""
    height, width = grey.shape
    slide = np.ones(grey.shape, bool)
    slide[height - round(height * SCALE_BAR_CORNER[0]) :, width - round(width * SCALE_BAR_CORNER[1]) :] = False
    return View(cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float32), slide)


def verify(first: View, second: View, orientation: int, shift: tuple[int, int], votes: int) -> Placement | None:
    """Return where `first`, turned to `orientation` and moved by about `shift`, shows what `second` shows, if it does.

    `votes` is how many pairs of landmarks propose it.
    """
    turned = View(turn_image(first.grey, orientation), turn_image(first.slide, orientation))
    if _correlation(*(pixels[::_SKIP, ::_SKIP] for pixels in _common(turned, second, shift))) < _HOPELESS:
        return None
    steps = range(-_REACH, _REACH + 1)
    near = [(shift[0] + dx, shift[1] + dy) for dx in steps for dy in steps]
    correlation, best = max((_correlation(*_common(turned, second, place)), place) for place in near)
    a, b, seen = _common(turned, second, best)
    overlap = a.size / min(first.grey.size, second.grey.size)
    if overlap < SMALLEST_OVERLAP or correlation < wanted_correlation(overlap, votes):
        return None
    parts = _part_correlations(a, b, seen)
    if votes < _MANY_VOTES and not np.nanmedian(parts) >= PART_CORRELATION:
        return None
    return None if _is_one_place(parts >= PART_CORRELATION) else Placement(best, float(overlap), float(correlation))


def wanted_correlation(overlap: float, votes: int) -> float:
    """Return the least correlation at which a placement holds.

    Measured on planted overlaps: a few cells that happen to lie alike correlate well in a small overlap.
    """
    if votes >= _MANY_VOTES and overlap >= 0.4:
        return 0.5
    if votes >= 4:
        return 0.72 if overlap >= 0.2 else 0.95
    return 0.8 if overlap >= 0.2 else np.inf


def _common(first: View, second: View, shift: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what both images show, (h, w) of each, and which of it is slide in both."""
    x, y = shift
    height, width = first.grey.shape
    left, right = max(0, x), min(second.grey.shape[1], width + x)
    top, bottom = max(0, y), min(second.grey.shape[0], height + y)
    if left >= right or top >= bottom:
        nothing = np.empty((0, 0), np.float32)
        return nothing, nothing, np.empty((0, 0), bool)
    of_first = np.s_[top - y : bottom - y, left - x : right - x]
    of_second = np.s_[top:bottom, left:right]
    return first.grey[of_first], second.grey[of_second], first.slide[of_first] & second.slide[of_second]


def _correlation(a: np.ndarray, b: np.ndarray, seen: np.ndarray) -> float:
    """Return Pearson's correlation of the pixels that are `seen`; 0 where either shows nothing."""
    p, q = a[seen], b[seen]
    if len(p) == 0:
        return 0.0
    p, q = p - p.mean(), q - q.mean()
    return float(p @ q / max(np.sqrt((p @ p) * (q @ q)), 1e-9))


def _is_one_place(agreeing: np.ndarray) -> bool:
    """Return whether the parts that agree, bool (rows, columns), are few, or span less than half of a side."""
    rows, columns = np.nonzero(agreeing)
    if len(rows) < _PARTS_AT_LEAST:
        return True
    spans = (np.ptp(rows) + 1) / agreeing.shape[0], (np.ptp(columns) + 1) / agreeing.shape[1]
    return bool(min(spans) < 0.5)


def _part_correlations(a: np.ndarray, b: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return the correlation of each square part (rows, columns); nan where neither image has structure."""
    rows, columns = a.shape[0] // _PART, a.shape[1] // _PART
    found = np.full((rows, columns), np.nan)
    for row, column in np.ndindex(rows, columns):
        part = np.s_[row * _PART : (row + 1) * _PART, column * _PART : (column + 1) * _PART]
        if seen[part].all() and max(a[part].std(), b[part].std()) >= _PLAIN:
            found[row, column] = _correlation(a[part], b[part], seen[part])
    return found
