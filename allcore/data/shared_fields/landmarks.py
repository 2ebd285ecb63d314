"""Landmarks: corners of an image with a description of what surrounds them.

Corners (Shi and Tomasi 1994) are found wherever the same structure is seen, however the field is shifted, turned by
quarters or mirrored. A landmark is described by the low frequencies of its surroundings (discrete cosine transform of
a grid of grey values), scaled to length 1, so that brightness and contrast do not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.fft import dct

from allcore.augment import SCALE_BAR_CORNER

PER_IMAGE = 300
RADIUS = 12
_STEP = 3
_BLUR = 2.0
_CORNER_WINDOW = 7
_SEPARATION = 7
_HIGHEST_FREQUENCY = 6

_OFFSETS = np.arange(-RADIUS, RADIUS + 1, _STEP)
FREQUENCIES = np.array(
    [(u, v) for u in range(_HIGHEST_FREQUENCY + 1) for v in range(_HIGHEST_FREQUENCY + 1)
     if 0 < u + v <= _HIGHEST_FREQUENCY]
)  # fmt: skip
"""Vertical and horizontal frequency of each number of a description: int64 (K, 2)."""
_COSINES = dct(np.eye(len(_OFFSETS)), axis=0, norm="ortho").astype(np.float32)


@dataclass(frozen=True)
class Landmarks:
    """All landmarks of N images, in the images' order.

    points int32 (M, 2), x and y in pixels; descriptions float32 (M, K), of length 1; owners int32 (M,), the image of
    each; sides int32 (N, 2), width and height of each image in pixels.
    """

    points: np.ndarray
    descriptions: np.ndarray
    owners: np.ndarray
    sides: np.ndarray


def find_landmarks(
    images: Sequence[np.ndarray], workers: int, on_image: Callable[[int], None] | None = None
) -> Landmarks:
    """Return the landmarks of grey images, uint8 (H, W) each, at most `PER_IMAGE` of each."""
    found = []
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for points, descriptions in pool.map(_landmarks_of, images):
            found.append((points, descriptions))
            if on_image is not None:
                on_image(len(found))
    return Landmarks(
        points=np.concatenate([points for points, _ in found]),
        descriptions=np.concatenate([descriptions for _, descriptions in found]),
        owners=np.repeat(np.arange(len(found), dtype=np.int32), [len(points) for points, _ in found]),
        sides=np.array([(image.shape[1], image.shape[0]) for image in images], np.int32),
    )


def _landmarks_of(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = image.shape
    none = np.empty((0, 2), np.int32), np.empty((0, len(FREQUENCIES)), np.float32)
    if min(height, width) <= 2 * RADIUS:
        return none
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), _BLUR)
    points = _corners(smooth)
    if len(points) == 0:
        return none
    x, y = points.T
    patches = smooth[y[:, None, None] + _OFFSETS[:, None], x[:, None, None] + _OFFSETS]
    spectrum = _COSINES @ patches @ _COSINES.T
    description = spectrum[:, FREQUENCIES[:, 0], FREQUENCIES[:, 1]]
    length = np.linalg.norm(description, axis=1, keepdims=True)
    structured = length[:, 0] > len(_OFFSETS)  # one grey level of standard deviation
    return points[structured], description[structured] / length[structured]


def _corners(smooth: np.ndarray) -> np.ndarray:
    """Return the strongest corners as x and y, int32 (n, 2), away from the edges and from a burnt-in scale bar."""
    height, width = smooth.shape
    strength = cv2.cornerMinEigenVal(smooth, _CORNER_WINDOW)
    highest = cv2.dilate(strength, np.ones((_SEPARATION, _SEPARATION), np.uint8))
    is_corner = (strength == highest) & (strength > 0)
    inside = np.zeros_like(is_corner)
    inside[RADIUS:-RADIUS, RADIUS:-RADIUS] = True
    inside[height - round(height * SCALE_BAR_CORNER[0]) :, width - round(width * SCALE_BAR_CORNER[1]) :] = False
    y, x = np.nonzero(is_corner & inside)
    order = np.argsort(-strength[y, x], kind="stable")[:PER_IMAGE]
    return np.stack([x[order], y[order]], axis=1).astype(np.int32)
