"""The nucleated cells of an image, as a part of a model's evidence."""

from __future__ import annotations

import cv2
import numpy as np

from allcore.arrays import FloatArray
from allcore.cells.finder import LabelImage
from allcore.evaluation.probes.evidence_share import CELL, cells_that_hold_evidence


def cell_weights(cells: LabelImage, side: int) -> FloatArray:
    """Return which part of each cell of a map of `side` cells lies inside nucleated cells, uint8 (H, W) of the image.

    The array has the cells alone that can hold evidence. The map covers the network's whole input, up to the rest that
    is less than a cell.
    """
    kept = cells_that_hold_evidence(side)
    inside = (cells > 0).astype(np.float32)
    shrunk = cv2.resize(inside, (CELL * side, CELL * side), interpolation=cv2.INTER_AREA)
    blocks = shrunk.reshape(side, CELL, side, CELL).mean(axis=(1, 3), dtype=np.float64)
    return np.minimum(blocks[:kept, :kept], 1.0)
