"""Giving an image the colours of another: mean and standard deviation along each axis of Lab.

Reinhard et al. 2001, "Color transfer between images".
"""

from __future__ import annotations

import cv2
import numpy as np

_LEAST_SPREAD = 1.0
"""A plain image has no spread to scale; a thousandfold of its noise would be the result."""


def lab_colours(image: np.ndarray) -> np.ndarray:
    """Return mean and standard deviation of L, a and b over `image`, uint8 (H, W, 3) RGB: float64 (2, 3), 0 to 255."""
    mean, spread = cv2.meanStdDev(cv2.cvtColor(image, cv2.COLOR_RGB2LAB))
    return np.stack([mean.ravel(), spread.ravel()])


def recolour(image: np.ndarray, colours: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Return `image` (uint8, H × W × 3) with the mean and spread of `colours`, (2, 3) of `lab_colours`.

    `strength` 1 gives it those colours, 0 leaves its own. What leaves the range of 8 bits is cut off.
    """
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    own = np.stack([part.ravel() for part in cv2.meanStdDev(lab)])
    mean, spread = own + strength * (colours - own)
    scale = spread / np.maximum(own[1], _LEAST_SPREAD)
    levels = np.arange(256)[:, None]
    table = np.clip(np.rint((levels - own[0]) * scale + mean), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.LUT(lab, table[:, None, :]), cv2.COLOR_LAB2RGB), np.uint8)
