"""How much of a model's evidence falls in a part of the images, beside how much of the area that part has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from allcore.arrays import FloatArray
from allcore.cells.finder import LabelImage
from allcore.data.scale_bar import SCALE_BAR_CORNER
from allcore.evaluation.scoring.intervals import bootstrap_interval
from allcore.evaluation.scoring.scores import Interval, fraction

CELL = 16
"""Pixels of the network's input that a cell of the evidence covers."""


class EvidenceShare(BaseModel):
    """Mean share of the absolute evidence for the predicted class that falls in a part, with its 95 % interval.

    `area` is the part's share of the cells that can hold evidence. Where it is 0, the share says nothing: None.
    """

    model_config = ConfigDict(frozen=True)

    share: float | None
    interval: Interval
    area: float


def evidence_share(evidence: np.ndarray, weights: FloatArray, groups: Sequence[Any]) -> EvidenceShare:
    """Return the mean share of maps (N, h, w) that `weights` give a part, with the bootstrap's interval over `groups`.

    `weights`, 0 to 1, are (k, k) or, a part of its own for each image, (N, k, k).
    """
    area = float(weights.mean()) if weights.size else 0.0
    shares = shares_of_evidence(evidence, weights)
    known = ~np.isnan(shares)
    if area == 0 or not known.any():
        return EvidenceShare(share=None, interval=(None, None), area=area)
    values, of_known = shares[known], np.asarray(groups)[known]
    low, high = bootstrap_interval(
        lambda multiplicity: multiplicity @ values / multiplicity.sum(axis=1), len(values), of_known
    )
    return EvidenceShare(share=float(values.mean()), interval=(fraction(low), fraction(high)), area=area)


def shares_of_evidence(evidence: np.ndarray, weights: FloatArray) -> FloatArray:
    """Return the share (N,) of the absolute evidence (N, h, w) that `weights` give a part; nan without evidence."""
    side = weights.shape[-1]
    amounts = np.abs(evidence[:, :side, :side].astype(np.float64))
    whole = amounts.sum(axis=(1, 2))
    return (amounts * weights).sum(axis=(1, 2)) / np.where(whole > 0, whole, np.nan)


def cells_that_hold_evidence(side: int) -> int:
    """Return how many cells of a map's `side` can hold evidence: the last pooling never sees an odd last one."""
    return side // 2 * 2


def cell_weights(cells: LabelImage, side: int) -> FloatArray:
    """Return which part of each cell of a map of `side` cells lies inside nucleated cells, uint8 (H, W) of the image.

    The array has the cells alone that can hold evidence. The map covers the network's whole input, up to the rest that
    is less than a cell.
    """
    held = cells_that_hold_evidence(side)
    inside = (cells > 0).astype(np.float32)
    shrunk = cv2.resize(inside, (CELL * side, CELL * side), interpolation=cv2.INTER_AREA)
    blocks = shrunk.reshape(side, CELL, side, CELL).mean(axis=(1, 3), dtype=np.float64)
    return np.minimum(blocks[:held, :held], 1.0)


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
