"""The eight ways to turn and mirror a square: how each acts on images, on points, and on descriptors.

Orientation g, 0 to 7, is g % 4 quarter turns counter-clockwise, then for g ≥ 4 a reflection left to right.
"""

from __future__ import annotations

import numpy as np

ORIENTATIONS = range(8)


def turn_image(image: np.ndarray, orientation: int) -> np.ndarray:
    """Return `image` (H, W) or (H, W, C) in an orientation, contiguous."""
    turned = np.rot90(image, orientation % 4)
    return np.ascontiguousarray(turned[:, ::-1] if orientation >= 4 else turned)


def turn_points(points: np.ndarray, sides: np.ndarray, orientation: int) -> np.ndarray:
    """Return where points (N, 2), as x and y in pixels, lie once their images are turned.

    `sides` (N, 2) holds width and height of each point's image before turning.
    """
    x, y = points[:, 0], points[:, 1]
    width, height = sides[:, 0], sides[:, 1]
    for _ in range(orientation % 4):
        x, y = y, width - 1 - x
        width, height = height, width
    return np.stack([width - 1 - x if orientation >= 4 else x, y], axis=1)


def turn_frequencies(coefficients: np.ndarray, frequencies: np.ndarray, orientation: int) -> np.ndarray:
    """Return the cosine coefficients (N, K) that the turned patches have.

    `frequencies` (K, 2) are vertical and horizontal (u, v) of each column and hold (v, u) with every (u, v). A
    reflection changes the signs of odd frequencies, a quarter turn is a transposition and a reflection.
    """
    vertical, horizontal = frequencies[:, 0], frequencies[:, 1]
    place = {(int(u), int(v)): column for column, (u, v) in enumerate(frequencies)}
    transposed = np.array([place[int(v), int(u)] for u, v in frequencies])
    signs, columns = np.ones(len(frequencies)), np.arange(len(frequencies))
    for _ in range(orientation % 4):  # counter-clockwise: transpose, then mirror top to bottom
        signs, columns = signs[transposed] * (-1.0) ** vertical, columns[transposed]
    if orientation >= 4:
        signs = signs * (-1.0) ** horizontal
    return coefficients[:, columns] * signs.astype(coefficients.dtype)
