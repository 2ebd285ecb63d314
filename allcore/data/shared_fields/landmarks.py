"""Landmarks: corners of an image with a description of what surrounds them, at several sizes.

Corners (Shi and Tomasi 1994) are found wherever the same structure is seen, however the field is shifted, turned or
mirrored, and, because every image is looked at in several sizes, however large it was photographed. The surroundings
of a landmark are turned so that they grow brighter to the right; it is described by their low frequencies (discrete
cosine transform of a grid of grey values), scaled to length 1, so that brightness and contrast do not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from allcore.data.scale_bar import SCALE_BAR_CORNER
from allcore.threads import in_threads

_PER_IMAGE = 300
"""Most landmarks of an image in its own size; at each level there are fewer, as its pixels are."""
_RADIUS = 10
LEVEL = 2 ** (1 / 3)
"""How much smaller the image is at each level; between levels a description still knows its like."""
LEVELS = 4
LENGTH = 127
"""Length of a description, whose numbers are rounded to a byte each: it is off by some 0.003 in a cosine."""
_STEP = 2.5
_BLUR = 2.0
_CORNER_WINDOW = 7
_SEPARATION = 7
_HIGHEST_FREQUENCY = 6
_DIRECTION_BLUR = 3.0
_DIRECTION_WINDOW = 15
_MARGIN = _RADIUS + 1

_OFFSETS = np.arange(-_RADIUS, _RADIUS + 1, _STEP, dtype=np.float32)
_FREQUENCIES = np.array(
    [(u, v) for u in range(_HIGHEST_FREQUENCY + 1) for v in range(_HIGHEST_FREQUENCY + 1)
     if 0 < u + v <= _HIGHEST_FREQUENCY]
)  # fmt: skip
"""Vertical and horizontal frequency of each number of a description: int64 (K, 2)."""
_EVEN = np.hypot(_FREQUENCIES[:, 0], _FREQUENCIES[:, 1]).astype(np.float32)
"""Weights (K,) that let fine structure count as much as coarse, which is stronger."""
MIRRORED = np.where(_FREQUENCIES[:, 0] % 2, -1, 1).astype(np.float32)
"""Signs (K,) that a description has when its image is mirrored: its surroundings are then upside down."""
_TIMES = np.arange(len(_OFFSETS))
_COSINES = np.cos(np.pi * np.outer(_TIMES, 2 * _TIMES + 1) / (2 * len(_TIMES))) * np.sqrt(2 / len(_TIMES))
_COSINES[0] /= np.sqrt(2)
"""The orthonormal cosine transform (type 2) as a matrix; all of `scipy.fft` for it would slow every start."""
_WAVES = np.einsum("ky,kx->yxk", _COSINES[_FREQUENCIES[:, 0]], _COSINES[_FREQUENCIES[:, 1]]).reshape(
    -1, len(_FREQUENCIES)
)
_WAVES = _WAVES.astype(np.float32)
"""What turns a grid of grey values, row by row, into its low frequencies: float32 (n * n, K)."""


class FoundLandmarks(NamedTuple):
    """Landmarks of one image, without their owner."""

    points: np.ndarray
    directions: np.ndarray
    levels: np.ndarray
    descriptions: np.ndarray


class Landmarks(NamedTuple):
    """All landmarks of N images, in the images' order.

    points float32 (M, 2), x and y in pixels from the middle of the image; directions float32 (M,), the angle in radians
    from x to y in which their surroundings grow brighter; levels int8 (M,), how often the image was made smaller by
    `LEVEL`; descriptions int8 (M, K), of length `LENGTH`; owners int32 (M,), the image of each.
    """

    points: np.ndarray
    directions: np.ndarray
    levels: np.ndarray
    descriptions: np.ndarray
    owners: np.ndarray


def find_landmarks(
    images: Sequence[np.ndarray], workers: int, on_image: Callable[[int], None] | None = None
) -> Landmarks:
    """Return the landmarks of grey images, uint8 (H, W) each."""
    most = len(images) * sum(_most_at(level) for level in range(LEVELS))
    landmarks = Landmarks(  # never longer, and what is never written to takes no memory
        np.empty((most, 2), np.float32), np.empty(most, np.float32), np.empty(most, np.int8),
        np.empty((most, len(_FREQUENCIES)), np.int8), np.empty(most, np.int32),
    )  # fmt: skip
    count = 0
    for number, found in enumerate(in_threads(lambda one: _landmarks_of(images[one]), range(len(images)), workers)):
        here = slice(count, count + len(found.points))
        for array, part in zip(landmarks[:-1], found, strict=True):
            array[here] = part
        landmarks.owners[here] = number
        count = here.stop
        if on_image is not None:
            on_image(number + 1)
    return Landmarks(*(array[:count] for array in landmarks))


def _most_at(level: int) -> int:
    return int(_PER_IMAGE / LEVEL ** (2 * level))


def _landmarks_of(image: np.ndarray) -> FoundLandmarks:
    height, width = image.shape
    found = []
    for level in range(LEVELS):
        size = round(width / LEVEL**level), round(height / LEVEL**level)
        if level and min(size) <= 2 * _MARGIN:
            break
        smaller = image if level == 0 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        found.append(_landmarks_at(smaller, level, width / size[0]))
    return FoundLandmarks(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _landmarks_at(image: np.ndarray, level: int, factor: float) -> FoundLandmarks:
    """Return the landmarks of an image that was made smaller by `factor`, their points in pixels of the whole one."""
    height, width = image.shape
    none = FoundLandmarks(
        np.empty((0, 2), np.float32), np.empty(0, np.float32), np.empty(0, np.int8),
        np.empty((0, len(_FREQUENCIES)), np.int8),
    )  # fmt: skip
    if min(height, width) <= 2 * _MARGIN:
        return none
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), _BLUR)
    points = _corners(smooth, _most_at(level))
    if len(points) == 0:
        return none
    direction = _directions(smooth, points)
    cosine, sine = np.cos(direction)[:, None, None], np.sin(direction)[:, None, None]
    x, y = points[:, 0, None, None], points[:, 1, None, None]
    across, down = _OFFSETS, _OFFSETS[:, None]
    patches = cv2.remap(
        smooth,
        (x + cosine * across - sine * down).reshape(len(points), -1).astype(np.float32),
        (y + sine * across + cosine * down).reshape(len(points), -1).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    description = patches @ _WAVES
    structured = np.linalg.norm(description, axis=1) > len(_OFFSETS)  # one grey level of standard deviation
    description *= _EVEN
    description *= LENGTH / np.maximum(np.linalg.norm(description, axis=1, keepdims=True), 1e-12)
    middle = np.array([(width - 1) / 2, (height - 1) / 2], np.float32)
    return FoundLandmarks(
        ((points - middle) * np.float32(factor)).astype(np.float32)[structured], direction[structured],
        np.full(int(structured.sum()), level, np.int8), np.rint(description[structured]).astype(np.int8),
    )  # fmt: skip


def _directions(smooth: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the angle from x to y, float32 (n,), in which the surroundings of each point grow brighter."""
    blurred = cv2.GaussianBlur(smooth, (_DIRECTION_WINDOW, _DIRECTION_WINDOW), _DIRECTION_BLUR)
    x, y = points.T
    return np.arctan2(blurred[y + 1, x] - blurred[y - 1, x], blurred[y, x + 1] - blurred[y, x - 1]).astype(np.float32)


def _corners(smooth: np.ndarray, most: int) -> np.ndarray:
    """Return the strongest corners as x and y, int32 (n, 2), away from the edges and from a burnt-in scale bar."""
    height, width = smooth.shape
    strength = cv2.cornerMinEigenVal(smooth, _CORNER_WINDOW)
    highest = cv2.dilate(strength, np.ones((_SEPARATION, _SEPARATION), np.uint8))
    is_corner = (strength == highest) & (strength > 0)
    inside = np.zeros_like(is_corner)
    inside[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = True
    inside[height - round(height * SCALE_BAR_CORNER[0]) :, width - round(width * SCALE_BAR_CORNER[1]) :] = False
    y, x = np.nonzero(is_corner & inside)
    order = np.argsort(-strength[y, x], kind="stable")[:most]
    return np.stack([x[order], y[order]], axis=1).astype(np.int32)
