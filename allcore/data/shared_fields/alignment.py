"""Two images of one field laid on a common frame, so that a person can see whether they show the same."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from allcore.arrays import ImageArray
from allcore.data.shared_fields.placement import Placement
from allcore.errors import InputError

EMPTY = 150
"""Grey level of the frame where an image shows nothing; it can be told from the background of a light or dark page."""


class AlignedViews(NamedTuple):
    """Two images, each alone on the frame that holds both: uint8 (H, W, 3), RGB, `EMPTY` beside the image.

    `first_seen` and `second_seen`, bool (H, W), are where they lie. `outline`, float64 (n, 2), holds the corners of
    what both show, as x and y in pixels from the frame's upper left corner.
    """

    first: ImageArray
    second: ImageArray
    first_seen: npt.NDArray[np.bool_]
    second_seen: npt.NDArray[np.bool_]
    outline: npt.NDArray[np.float64]

    @property
    def shared(self) -> npt.NDArray[np.bool_]:
        """What both images show: bool (H, W)."""
        return self.first_seen & self.second_seen


def aligned_views(first: ImageArray, second: ImageArray, placement: Placement) -> AlignedViews:
    """Return two RGB images, uint8 (h, w, 3) of any sizes, in place on their common frame.

    The placement is one of `find_shared_fields`. The frame has the pixels of the image that shows the field larger.
    Raises `InputError` when nothing is shared then.
    """
    sides = first.shape[:2], second.shape[:2]
    placement = placement.on_whole_pixels(*sides)
    finer = max(1.0, 1 / placement.scale)
    enlarge = np.array([[finer, 0, (finer - 1) / 2], [0, finer, (finer - 1) / 2], [0, 0, 1]])
    maps = enlarge @ _square(placement.matrix(*sides)), enlarge
    corners = [_corners(map_, side) for map_, side in zip(maps, sides, strict=True)]
    left, top = np.floor(np.min(np.concatenate(corners), axis=0) + 1e-6)
    width, height = np.ceil(np.max(np.concatenate(corners), axis=0) - 1e-6) - [left, top]
    outline = _common_corners(*(each - [left, top] for each in corners))
    if outline is None:
        raise InputError(
            f"images of {sides[0][1]} × {sides[0][0]} and {sides[1][1]} × {sides[1][0]} px share nothing when one is "
            f"shifted by {placement.dx:.0f} and {placement.dy:.0f} px; search the dataset for shared fields again"
        )
    moved = [np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]]) @ map_ for map_ in maps]
    size = int(width), int(height)
    (one, one_seen), (other, other_seen) = (
        _placed(image, map_, size) for image, map_ in zip((first, second), moved, strict=True)
    )
    return AlignedViews(one, other, one_seen, other_seen, outline)


def blend(views: AlignedViews, weight: float) -> ImageArray:
    """Return both images in one, uint8 (H, W, 3): where both show something, the second counts by `weight` (0 to 1)."""
    both = views.first.copy()
    both[views.second_seen] = views.second[views.second_seen]
    shared = views.shared
    mixed = (1 - weight) * views.first[shared] + weight * views.second[shared]
    both[shared] = np.rint(mixed).astype(np.uint8)
    return both


def difference(views: AlignedViews) -> ImageArray:
    """Return how far the images differ where both show something: uint8 (H, W, 3), 0 where they agree."""
    apart = np.full_like(views.first, EMPTY)
    shared = views.shared
    apart[shared] = np.abs(views.first[shared].astype(np.int16) - views.second[shared]).astype(np.uint8)
    return apart


def _square(matrix: np.ndarray) -> np.ndarray:
    return np.vstack([matrix, [0, 0, 1]])


def _corners(map_: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """Return where the corners of an image come to lie, float64 (4, 2), from the upper left corner of pixel (0, 0)."""
    height, width = sides
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    return np.asarray(corners @ map_[:2, :2].T + map_[:2, 2] + 0.5)


def _common_corners(first: np.ndarray, second: np.ndarray) -> np.ndarray | None:
    """Return the corners of what two quadrilaterals (4, 2) both cover, float64 (n, 2); None where that is nothing."""
    area, corners = cv2.intersectConvexConvex(first.astype(np.float32), second.astype(np.float32))
    return None if area < 1 or corners is None else corners.reshape(-1, 2).astype(np.float64)


def _placed(image: ImageArray, map_: np.ndarray, size: tuple[int, int]) -> tuple[ImageArray, npt.NDArray[np.bool_]]:
    """Return an image on a frame of this width and height, and where on it it lies."""
    canvas = cv2.warpAffine(image, map_[:2], size, flags=cv2.INTER_LINEAR, borderValue=(EMPTY,) * 3)
    whole = np.full(image.shape[:2], 1, np.uint8)
    return canvas.astype(np.uint8), cv2.warpAffine(whole, map_[:2], size, flags=cv2.INTER_NEAREST) > 0
