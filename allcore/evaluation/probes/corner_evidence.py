"""The corner where scale bars stand, as a part of a model's evidence."""

from __future__ import annotations

import numpy as np

from allcore.arrays import FloatArray
from allcore.data.scale_bar import SCALE_BAR_CORNER
from allcore.evaluation.probes.evidence_share import CELL, cells_that_hold_evidence


def corner_weights(side: int, image_size: int) -> FloatArray:
    """Return which part of each cell of a map of `side` cells lies in the corner of an image of `image_size` pixels.

    The array has the cells alone that can hold evidence.
    """
    starts = CELL * np.arange(cells_that_hold_evidence(side))
    rows, columns = (
        np.clip(np.minimum(starts + CELL, image_size) - np.maximum(starts, image_size * (1 - part)), 0, None) / CELL
        for part in SCALE_BAR_CORNER
    )
    return np.outer(rows, columns)
