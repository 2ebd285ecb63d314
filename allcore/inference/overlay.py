"""Drawing evidence over the image that it explains."""

from __future__ import annotations

import cv2
import numpy as np

from allcore.data.encode import png

_FOR = np.array([214, 96, 18], np.float32)
_AGAINST = np.array([32, 102, 168], np.float32)
_STRIP = 128


def overlay(image: np.ndarray, evidence: np.ndarray, opacity: float = 0.6, scale: float | None = None) -> np.ndarray:
    """Return `image` with what spoke for the class in orange and what spoke against it in blue.

    `image` is uint8 (H, W, 3) RGB, `evidence` (h, w) in units of the logit. `scale` is the evidence drawn at full
    `opacity`, 0 to 1; unset, the map's own largest magnitude.
    """
    height, width = image.shape[:2]
    if scale is None:
        scale = float(np.abs(evidence).max())
    smooth = cv2.resize(evidence.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    drawn = np.empty_like(image)
    for top in range(0, height, _STRIP):  # a strip at a time: the sums take several times the memory of a picture
        rows = slice(top, top + _STRIP)
        weight = np.clip(np.abs(smooth[rows]) / max(scale, 1e-12), 0.0, 1.0)[..., None] * opacity
        colour = np.where(smooth[rows, :, None] > 0, _FOR, _AGAINST)
        drawn[rows] = np.rint(image[rows] * (1.0 - weight) + colour * weight)
    return drawn


def evidence_png(image: np.ndarray, evidence: np.ndarray, opacity: float = 0.6, scale: float | None = None) -> bytes:
    """Return as a PNG file what `overlay` draws, in the size of the image."""
    return png(overlay(image, evidence, opacity, scale))
