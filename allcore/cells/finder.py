"""Nucleated cells in a smear, from pixels alone: what is redder than the background along Lab's a*, divided into cells.

Giemsa's azure and eosin make chromatin purple: high in a*, not high in b*. Red cells and plasma stay near the
background. All lengths are pixels of a field of which the longer side has 224.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from allcore.arrays import ImageArray

LabelImage = npt.NDArray[np.uint8]

WORK = 2
"""Raised whenever the finder gives another answer than before: what was kept of earlier answers is not used."""

SIDE = 224
MOST_CELLS = 255

_SMOOTHING = 1.5
_FLOOR = 8.0
"""Least a* above the background's, in units of Lab, that can be a nucleus."""
_PEAK = 13.0
"""A cell's strongest tenth is at least this much above: an unevenly lit field without cells has nothing like it."""
_PURPLE = -14.0
"""Most b* above the background's, in the mean over a cell's strongest tenth: red lettering and red cells have more."""
_SPECK = 80
"""Smallest area; platelets and dirt are smaller."""
_LEAST_SOLID = 0.7
"""Least share of its convex hull that a cell fills."""
_RIM, _CYTOPLASM = 1, 4
"""Width of the rim that is taken in around what is found, and the most where the pixels are stained as cytoplasm is."""
_STAINED = 4.0
"""Least a* above the background's of cytoplasm, in units of Lab."""
_SUMMIT_DISTANCE = 13
"""Two cells' centres are at least half of this apart."""
_WAIST = 0.85
"""Two cells touch where the width falls below this part of the narrower one's; else they are one."""


def find_cells(image: ImageArray) -> LabelImage:
    """Return the nucleated cells of `image`, uint8 (H, W, 3) RGB, as a label image: uint8 (H, W), 0 between cells.

    Cells are numbered from 1, from top to bottom; their cytoplasm is taken in, touching cells are divided. Of more
    than 255 cells the largest 255 are given.
    """
    height, width = image.shape[:2]
    field = at_field_size(image)
    redness, yellowness = _above_background(field)
    labels = _divided(_candidates(redness))
    labels = _numbered(labels, _are_cells(labels, redness, yellowness))
    labels = _grown(labels, redness)
    if field is image:
        return labels
    return np.asarray(cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)


def at_field_size(image: ImageArray) -> ImageArray:
    """Return `image`, uint8 (H, W, 3), with a longer side of `SIDE` pixels; itself where it has that already."""
    scale = SIDE / max(image.shape[:2])
    if scale == 1.0:
        return image
    sides = [max(1, round(side * scale)) for side in (image.shape[1], image.shape[0])]
    resized = cv2.resize(image, sides, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)


def _above_background(field: ImageArray) -> tuple[np.ndarray, np.ndarray]:
    """Return a* and b* above the background's, the median over the brightest third, blurred: float32 (H, W) each."""
    lab = cv2.cvtColor(field, cv2.COLOR_RGB2LAB)
    bright = lab[..., 0] >= np.quantile(lab[..., 0], 2 / 3)
    planes = []
    for channel in (1, 2):
        plane = lab[..., channel].astype(np.float32)
        planes.append(cv2.GaussianBlur(plane - np.median(plane[bright]), (0, 0), _SMOOTHING))
    return planes[0], planes[1]


def _candidates(redness: np.ndarray) -> np.ndarray:
    """Return where nuclei may be, uint8 0 or 1: above Otsu's threshold or the floor, opened, filled, without specks."""
    steps = np.clip(4.0 * redness, 0, 255).astype(np.uint8)
    otsu, _ = cv2.threshold(steps, 0, 255, cv2.THRESH_OTSU)
    found = (redness > max(otsu / 4.0, _FLOOR)).astype(np.uint8)
    opened = cv2.morphologyEx(found, cv2.MORPH_OPEN, _disc(5))
    count, parts, facts, _ = cv2.connectedComponentsWithStats(_filled(opened))
    large = np.zeros(count, np.uint8)
    large[1:] = facts[1:, cv2.CC_STAT_AREA] >= _SPECK
    return large[parts]


def _filled(found: np.ndarray) -> np.ndarray:
    """Return a mask, uint8 0 or 1, with its holes filled: all but what is joined to the border edge to edge."""
    background = np.pad(1 - found, 1, constant_values=1)
    cv2.floodFill(background, None, (0, 0), 0, flags=4)
    return found | background[1:-1, 1:-1]


def windows_of(labels: np.ndarray) -> list[tuple[int, tuple[slice, slice]]]:
    """Return each label of (H, W), from 1 upwards, with the smallest window around it."""
    from scipy.ndimage import find_objects  # a quarter of a second that the app's start can do without

    return [(number, window) for number, window in enumerate(find_objects(labels), start=1) if window is not None]


def _divided(found: np.ndarray) -> np.ndarray:
    """Return the candidates with touching cells divided, int32 labels.

    A pixel belongs to the centre whose circle it lies deepest in (a power diagram): two round cells are parted along
    the chord in which their outlines meet. A part without a summit, as close beside a deeper one, is one cell around
    its deepest pixel.
    """
    distance = cv2.distanceTransform(found, cv2.DIST_L2, 5)
    smooth = cv2.GaussianBlur(distance, (0, 0), 2.0)
    _, parts = cv2.connectedComponents(found)
    summits = (smooth == cv2.dilate(smooth, _disc(_SUMMIT_DISTANCE))) & (found > 0)
    rows, columns = np.nonzero(summits)
    labels = np.zeros(found.shape, np.int32)
    number = 0
    for part, window in windows_of(parts):
        mine = parts[rows, columns] == part
        y, x = np.nonzero(parts[window] == part)
        place = np.stack([y + window[0].start, x + window[1].start], axis=1)
        tops = np.stack([rows[mine], columns[mine]], axis=1)
        if not len(tops):
            tops = place[[smooth[place[:, 0], place[:, 1]].argmax()]]
        centres = _centres(tops, smooth)
        depth = ((place[:, None] - centres) ** 2).sum(axis=2) - distance[centres[:, 0], centres[:, 1]] ** 2
        labels[place[:, 0], place[:, 1]] = number + 1 + depth.argmin(axis=1)
        number += len(centres)
    return labels


def _centres(summits: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return the centres of one part's cells, (n, 2): its summits that a waist parts from every higher one."""
    heights = distance[summits[:, 0], summits[:, 1]]
    centres: list[np.ndarray] = []
    for summit, height in sorted(zip(summits, heights, strict=True), key=lambda each: -each[1]):
        if all(_waist(summit, other, distance) < _WAIST * height for other in centres):
            centres.append(summit)
    return np.array(centres)


def _waist(one: np.ndarray, other: np.ndarray, distance: np.ndarray) -> float:
    """Return the least distance to the outline on the straight line between two summits."""
    steps = np.linspace(0.0, 1.0, 2 + int(np.abs(one - other).max()))[:, None]
    line = np.rint(one + steps * (other - one)).astype(np.int64)
    return float(distance[line[:, 0], line[:, 1]].min())


def _are_cells(labels: np.ndarray, redness: np.ndarray, yellowness: np.ndarray) -> list[int]:
    """Return the labels of what is large, strong, purple and whole enough for a cell."""
    cells = []
    for number, window in windows_of(labels):
        inside = labels[window] == number
        area = int(inside.sum())
        if area < _SPECK / 2:  # half a cell at the border is a cell
            continue
        red, yellow = redness[window][inside], yellowness[window][inside]
        strong = np.quantile(red, 0.9)
        if strong < _PEAK or yellow[red >= strong].mean() > _PURPLE:
            continue
        outline, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        hull = cv2.fillConvexPoly(np.zeros(inside.shape, np.uint8), cv2.convexHull(np.vstack(outline)), 1)
        if area >= _LEAST_SOLID * int(hull.sum()):
            cells.append(number)
    return cells


def _numbered(labels: np.ndarray, cells: list[int]) -> np.ndarray:
    """Return the labels of `cells` as 1, 2, … in their order, all others as 0: uint8."""
    areas = np.bincount(labels.ravel())
    kept = sorted(sorted(cells, key=lambda number: -areas[number])[:MOST_CELLS])
    numbers = np.zeros(max(int(labels.max()), 0) + 1, np.uint8)
    numbers[kept] = np.arange(1, len(kept) + 1)
    return numbers[labels]


def _grown(labels: np.ndarray, redness: np.ndarray) -> LabelImage:
    """Let every cell take in its rim; where two rims meet, each keeps what is nearer to it."""
    distance, nearest = cv2.distanceTransformWithLabels(
        (labels == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(nearest.max()) + 1, np.uint8)
    owner[nearest[labels > 0]] = labels[labels > 0]
    taken_in = (distance <= _RIM) | ((distance <= _CYTOPLASM) & (redness > _STAINED))
    return np.where(taken_in, owner[nearest], 0).astype(np.uint8)


def _disc(diameter: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))
