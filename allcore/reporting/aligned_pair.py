"""Two images of one field as pictures: each on the common frame, and both together, what they share outlined."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from allcore.arrays import ImageArray
from allcore.data.shared_fields.alignment import AlignedViews, blend, difference

OUTLINE = (0, 114, 178)
"""RGB, Okabe and Ito's blue: no stain has it."""
_HALO = (255, 255, 255)
_LONGEST = 900
"""Pixels to which the longer side of a picture is brought, so that the outline is fine; at most twice its own."""


def side_by_side(views: AlignedViews) -> tuple[ImageArray, ImageArray]:
    """Return both images on the frame, uint8 (H, W, 3), what both show outlined in each."""
    return _outlined(views.first, views.outline), _outlined(views.second, views.outline)


def blended(views: AlignedViews, weight: float) -> ImageArray:
    """Return both images in one picture, uint8 (H, W, 3), where they overlap the second by `weight` (0 to 1)."""
    return _outlined(blend(views, weight), views.outline)


def differing(views: AlignedViews) -> ImageArray:
    """Return the absolute difference of both where they overlap, uint8 (H, W, 3): black where they agree."""
    return _outlined(difference(views), views.outline)


def _outlined(picture: ImageArray, outline: npt.NDArray[np.float64]) -> ImageArray:
    height, width = picture.shape[:2]
    scale = min(2.0, _LONGEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    enlarged: ImageArray = cv2.resize(picture, size, interpolation=how)  # type: ignore[assignment]
    corners = np.rint(outline * scale).clip(0, np.array(size) - 1).astype(np.int32)
    for colour, thickness in ((_HALO, 5), (OUTLINE, 3)):
        cv2.polylines(enlarged, [corners], isClosed=True, color=colour, thickness=thickness)
    return enlarged
