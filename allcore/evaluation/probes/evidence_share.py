"""How much of a model's evidence falls in a part of the images, beside how much of the area that part has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from allcore.arrays import FloatArray
from allcore.cells.finder import LabelImage
from allcore.data.scale_bar import SCALE_BAR_CORNER
from allcore.evaluation.scoring.intervals import bootstrap_interval
from allcore.evaluation.scoring.scores import Interval, fraction
from allcore.networks.trunk import HALVINGS, Trunk


@dataclass(frozen=True)
class EvidenceGrid:
    """How an evidence map lies on the network's input, an image of `image_size` pixels a side.

    The map has `side` × `side` squares, each of `stride` × `stride` pixels. Only the first `held` of a side can hold
    evidence: a last pooling never sees an odd last row and column.
    """

    image_size: int
    side: int
    stride: int
    held: int


def evidence_grid(trunk: Trunk, image_size: int) -> EvidenceGrid:
    """Return the grid of the evidence maps of a network with this trunk, for images of `image_size` pixels a side."""
    side, pooled = trunk.map_side(image_size), trunk.pooled_side(image_size)
    stride = 2 ** (HALVINGS - trunk.ends_in_pooling)
    return EvidenceGrid(image_size, side, stride, held=2 * pooled if trunk.ends_in_pooling else side)


class EvidenceShare(BaseModel):
    """Mean share of the absolute evidence for the predicted class that falls in a part, with its 95 % interval.

    `area` is the part's share of the squares that can hold evidence. Where it is 0, the share says nothing: None.
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


def cell_weights(cells: LabelImage, grid: EvidenceGrid) -> FloatArray:
    """Return which part of each square of an evidence map lies inside nucleated cells, uint8 (H, W) of the image.

    The array is (held, held), 0 to 1. The map is taken to cover the whole image: what it leaves out, or has beyond the
    image, is less than a square.
    """
    inside = (cells > 0).astype(np.float32)
    pixels = grid.stride * grid.side
    shrunk = cv2.resize(inside, (pixels, pixels), interpolation=cv2.INTER_AREA)
    blocks = shrunk.reshape(grid.side, grid.stride, grid.side, grid.stride).mean(axis=(1, 3), dtype=np.float64)
    return np.minimum(blocks[: grid.held, : grid.held], 1.0)


def corner_weights(grid: EvidenceGrid) -> FloatArray:
    """Return which part of each square of an evidence map lies in the scale-bar corner: (held, held), 0 to 1."""
    starts = grid.stride * np.arange(grid.held)
    ends = np.minimum(starts + grid.stride, grid.image_size)
    rows, columns = (
        np.clip(ends - np.maximum(starts, grid.image_size * (1 - part)), 0, None) / (ends - starts)
        for part in SCALE_BAR_CORNER
    )
    return np.outer(rows, columns)
