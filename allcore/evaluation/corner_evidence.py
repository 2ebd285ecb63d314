"""How much of a model's evidence falls in the corner where scale bars stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from allcore.augment import SCALE_BAR_CORNER
from allcore.evaluation.intervals import bootstrap_intervals
from allcore.evaluation.metrics import FloatArray
from allcore.evaluation.scores import Interval

CELL = 16
"""Pixels of the network's input that a cell of the evidence covers."""


class CornerEvidence(BaseModel):
    """Mean share of the absolute evidence for the predicted class that falls in the corner, with its 95 % interval.

    `area` is the corner's share of the cells that can hold evidence. Where it is 0, the share says nothing: None.
    """

    model_config = ConfigDict(frozen=True)

    share: float | None
    interval: Interval
    area: float


def corner_evidence(evidence: np.ndarray, image_size: int, groups: Sequence[Any]) -> CornerEvidence:
    """Return the mean share of maps (N, h, w) in the corner, with the bootstrap's interval over `groups` (N,)."""
    weights = corner_weights(evidence.shape[-1], image_size)
    area = float(weights.mean())
    shares = corner_shares(evidence, weights)
    known = ~np.isnan(shares)
    if area == 0 or not known.any():
        return CornerEvidence(share=None, interval=(None, None), area=area)
    values, of_known = shares[known], np.asarray(groups)[known]
    low, high = bootstrap_intervals(
        lambda multiplicity: {"share": multiplicity @ values / multiplicity.sum(axis=1)}, len(values), of_known
    )["share"]
    interval = (None, None) if np.isnan(low) else (float(low), float(high))
    return CornerEvidence(share=float(values.mean()), interval=interval, area=area)


def corner_weights(side: int, image_size: int) -> FloatArray:
    """Return which part of each cell of a map of `side` cells lies in the corner of an image of `image_size` pixels.

    The array has an even side: the last pooling never sees an odd last row and column, and they hold no evidence.
    """
    starts = CELL * np.arange(side // 2 * 2)
    rows, columns = (
        np.clip(np.minimum(starts + CELL, image_size) - np.maximum(starts, image_size * (1 - part)), 0, None) / CELL
        for part in SCALE_BAR_CORNER
    )
    return np.outer(rows, columns)


def corner_shares(evidence: np.ndarray, weights: FloatArray) -> FloatArray:
    """Return the share (N,) of the absolute evidence (N, h, w) that `weights` give the corner; nan without evidence."""
    amounts = np.abs(evidence[:, : len(weights), : len(weights)].astype(np.float64))
    whole = amounts.sum(axis=(1, 2))
    return (amounts * weights).sum(axis=(1, 2)) / np.where(whole > 0, whole, np.nan)
