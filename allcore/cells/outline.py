"""Cells drawn over the image in which they were found."""

from __future__ import annotations

import cv2
import numpy as np

from allcore.arrays import ImageArray
from allcore.cells.compose import shrunk_cells
from allcore.cells.finder import SIDE, LabelImage

COLOUR = (0, 140, 60)
"""A green that neither stains nor evidence have."""


def outlined(image: ImageArray, cells: LabelImage) -> ImageArray:
    """Return `image`, uint8 (H, W, 3), with a line around each of its cells: labels (h, w) of the image at any size."""
    height, width = image.shape[:2]
    labels, drawn = shrunk_cells(cells, (height, width)), image.copy()
    thickness = max(1, round(max(height, width) / SIDE))
    for number in range(1, int(labels.max(initial=0)) + 1):
        lines, _ = cv2.findContours((labels == number).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(drawn, lines, -1, COLOUR, thickness)
    return drawn
