"""What probes do to pixels: each a pure function of images, uint8 (H, W, 3) RGB."""

from __future__ import annotations

import cv2
import numpy as np

from allcore.data.stain.lab_colours import lab_colours, recolour

_CENTRE_SIDE = 0.5**0.5
"""Sides of the centre as a fraction of the image's: centre and border have the same area."""

_HALF_CIRCLE = 90
"""OpenCV's hues go round in 180 steps."""


def colours_of(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return `image` with the mean and spread of `other` along each axis of Lab."""
    return recolour(image, lab_colours(other))


def hue_turned(image: np.ndarray) -> np.ndarray:
    """Return `image` with every hue turned by half a circle; saturation and value stay."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + _HALF_CIRCLE) % (2 * _HALF_CIRCLE)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def channels_swapped(image: np.ndarray) -> np.ndarray:
    """Return `image` with red and blue exchanged."""
    return np.ascontiguousarray(image[..., ::-1])


def only_centre(image: np.ndarray) -> np.ndarray:
    """Return `image` with its border, half of the area, in the median colour of the centre."""
    rows, columns = _centre(image)
    alone = np.empty_like(image)
    alone[:] = np.median(image[rows, columns], axis=(0, 1))
    alone[rows, columns] = image[rows, columns]
    return alone


def only_border(image: np.ndarray) -> np.ndarray:
    """Return `image` with its centre, half of the area, in the median colour of the border."""
    rows, columns = _centre(image)
    is_border = np.ones(image.shape[:2], bool)
    is_border[rows, columns] = False
    alone = image.copy()
    alone[rows, columns] = np.median(image[is_border], axis=0)
    return alone


def _centre(image: np.ndarray) -> tuple[slice, slice]:
    margins = [round(side * (1 - _CENTRE_SIDE) / 2) for side in image.shape[:2]]
    rows, columns = (slice(margin, side - margin) for margin, side in zip(margins, image.shape[:2], strict=True))
    return rows, columns
