"""Giving an image the stain of other images: the two dyes' mean amount and spread, matched in optical density.

Reinhard et al. 2001 (colour transfer by mean and standard deviation), along Giemsa's dyes instead of Lab's axes.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pydantic import BaseModel, ConfigDict

from allcore.data.stain.dyes import dye_amounts, restain

_LARGEST_SCALE = 4.0
"""How many times stronger or weaker a dye's spread may be made: an empty field holds little but noise to enlarge."""

_PerDye = tuple[float, float]


class StainLevels(BaseModel):
    """How much azure and eosin there is, and how unevenly: mean and standard deviation over pixels, optical density."""

    model_config = ConfigDict(frozen=True)

    mean: _PerDye
    deviation: _PerDye


def stain_levels(image: np.ndarray) -> StainLevels:
    """Return the stain of one image: uint8 (H, W, 3) RGB."""
    amounts = dye_amounts(image).reshape(-1, 2).astype(np.float64)
    return _levels(amounts.mean(axis=0), amounts.std(axis=0))


def mean_stain(levels: Iterable[StainLevels]) -> StainLevels:
    """Return the mean of the levels of one or more images."""
    every = list(levels)
    return _levels(
        np.mean([one.mean for one in every], axis=0),
        np.mean([one.deviation for one in every], axis=0),
    )


def normalise_stain(image: np.ndarray, towards: StainLevels) -> np.ndarray:
    """Return `image` (uint8, H × W × 3) with each dye's mean and deviation brought to those of `towards`.

    A dye's scale stays within 1/4 to 4; values that leave 0 to 255 are cut off.
    """
    own = stain_levels(image)
    wanted = np.array(towards.deviation) / np.maximum(own.deviation, 1e-6)
    scale = np.clip(wanted, 1 / _LARGEST_SCALE, _LARGEST_SCALE)
    shift = np.array(towards.mean) - scale * own.mean
    return restain(image, _pair(scale), _pair(shift))


def _levels(mean: np.ndarray, deviation: np.ndarray) -> StainLevels:
    return StainLevels(mean=_pair(mean), deviation=_pair(deviation))


def _pair(values: np.ndarray) -> _PerDye:
    return float(values[0]), float(values[1])
