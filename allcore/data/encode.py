"""Pixels as the files in which they are shown or written: JPEG and PNG, and smaller where that is enough."""

from __future__ import annotations

import cv2
import numpy as np

from allcore.arrays import ImageArray


def jpeg(pixels: np.ndarray, quality: int) -> bytes:
    """Return RGB pixels, uint8 (H, W, 3), as a JPEG file of a quality from 0 to 100."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), settings)[1].tobytes()


def png(pixels: np.ndarray) -> bytes:
    """Return RGB pixels, uint8 (H, W, 3), as a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()


def shrunk(pixels: np.ndarray, longest: int) -> ImageArray:
    """Return an image, uint8 (H, W, 3), with its longer side at most `longest` pixels; never enlarged."""
    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
