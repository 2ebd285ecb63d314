"""Placements of one image on another that the landmarks which both show propose."""

from __future__ import annotations

import cv2
import numpy as np

from allcore.data.shared_fields.candidates import VOTES_AT_ANY_ANGLE, Candidate
from allcore.data.shared_fields.placement import Placement, placement_of

_NEARLY_UPRIGHT = 10.0
"""Degrees from a quarter turn within which the exact quarter turn is tried as well."""
_WITHIN = 3.0
"""Pixels by which landmarks may miss each other."""
_LEAST_SCALE = 0.4
_ALIKE = 0.005


def proposed_placements(candidate: Candidate) -> list[Placement]:
    """Return the placements that are worth a look.

    Most fields are photographed again as they were: a quarter turn in the same size needs fewer landmarks than any
    other angle and size.
    """
    ones, others, mirrored = candidate.ones, candidate.others, candidate.mirrored
    proposed = []
    quarter = 90.0 * round(candidate.angle / 90)
    if candidate.grown == 0 and abs(candidate.angle - quarter) <= _NEARLY_UPRIGHT:
        upright = Placement(1.0, 180.0 if abs(quarter) == 180 else quarter, mirrored, 0.0, 0.0)
        dx, dy = np.median(others - ones @ upright.linear.T, axis=0)
        proposed.append(upright._replace(dx=float(dx), dy=float(dy)))
    if len(ones) >= VOTES_AT_ANY_ANGLE:
        flipped = ones * [-1 if mirrored else 1, 1]
        fitted, _ = cv2.estimateAffinePartial2D(flipped, others, method=cv2.RANSAC, ransacReprojThreshold=_WITHIN)
        if fitted is not None:
            proposed.append(placement_of(fitted, mirrored=mirrored))
    if len(proposed) == 2 and _nearly_alike(*proposed):
        proposed.pop()
    return [placement for placement in proposed if _LEAST_SCALE <= placement.scale <= 1 / _LEAST_SCALE]


def _nearly_alike(one: Placement, other: Placement) -> bool:
    """Return whether two placements lay no pixel of a usual frame apart."""
    return bool(np.abs(one.linear - other.linear).max() < _ALIKE)


def agreeing(ones: np.ndarray, others: np.ndarray, placement: Placement) -> int:
    """Return how many landmarks of the first image come to lie on theirs of the second."""
    missed = ones @ placement.linear.T + [placement.dx, placement.dy] - others
    return int((np.hypot(*missed.T) <= _WITHIN * max(1.0, placement.scale)).sum())
