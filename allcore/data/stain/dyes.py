"""The two dyes of Giemsa's stain, azure and eosin: how much of them is in an image, and an image with more or less."""

from __future__ import annotations

import cv2
import numpy as np

_AZURE_EOSIN = np.array([[0.834750, 0.513556, 0.196330], [0.092789, 0.954111, 0.283111]])
"""Optical density of Giemsa's two dyes in red, green and blue (Landini's colour deconvolution vectors)."""

_STAINS = np.vstack([_AZURE_EOSIN, np.cross(*_AZURE_EOSIN)])
_STAINS = _STAINS / np.linalg.norm(_STAINS, axis=1, keepdims=True)
_UNMIX = np.linalg.inv(_STAINS)
_OPTICAL_DENSITY = -np.log((np.arange(256, dtype=np.float32) + 1) / 256)


def dye_amounts(image: np.ndarray) -> np.ndarray:
    """Return the amounts of azure and eosin in every pixel of `image` (uint8, H × W × 3): float32 (H, W, 2).

    An amount of 1 is an optical density of 1 (natural logarithm) along the dye's vector; what fits neither dye is left
    out, and noise can make an amount negative.
    """
    return cv2.transform(cv2.LUT(image, _OPTICAL_DENSITY), _UNMIX.T[:2].astype(np.float32))


def restain(image: np.ndarray, scale: tuple[float, float], shift: tuple[float, float]) -> np.ndarray:
    """Return `image` with the amounts of its two dyes (azure, eosin) scaled and shifted in optical density.

    Follows Tellez et al. 2018 (stain colour augmentation), with Giemsa's dyes in place of haematoxylin and eosin.
    """
    density = cv2.LUT(image, _OPTICAL_DENSITY)
    mix = _UNMIX @ np.diag([*scale, 1.0]) @ _STAINS
    offset = np.array([*shift, 0.0]) @ _STAINS
    changed = cv2.transform(density, np.column_stack([mix.T, offset]))
    return np.clip(256.0 * cv2.exp(-changed) - 0.5, 0, 255).astype(np.uint8)
