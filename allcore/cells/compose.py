"""Cells and field taken apart and put together anew: cells painted out, alone, or on the field of another image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from allcore.arrays import ImageArray

if TYPE_CHECKING:
    from allcore.cells.finder import LabelImage

SEAM = 2
"""Pixels on either side of a cell's outline over which cell and field blend into each other."""
PLAIN = 224
"""Light grey, the plain field on which cells are shown alone."""

_REACH, _FRAME = 3, 2


def painted_out(image: ImageArray, cells: LabelImage) -> ImageArray:
    """Return `image` (uint8, H × W × 3) with its cells (uint8, H × W) painted over from what surrounds them.

    Telea 2004, "An image inpainting technique based on the fast marching method".
    """
    holes = (cells > 0).astype(np.uint8)
    if not holes.any() or holes.all():
        return image
    # OpenCV takes the outermost pixels as known: without a frame, cells at the border would be painted from themselves.
    median = np.median(image[holes == 0], axis=0).tolist()
    framed = cv2.copyMakeBorder(image, _FRAME, _FRAME, _FRAME, _FRAME, cv2.BORDER_CONSTANT, value=median)
    framed_holes = cv2.copyMakeBorder(holes, _FRAME, _FRAME, _FRAME, _FRAME, cv2.BORDER_CONSTANT, value=[0])
    painted = cv2.inpaint(framed, framed_holes, _REACH, cv2.INPAINT_TELEA)
    return np.ascontiguousarray(painted[_FRAME:-_FRAME, _FRAME:-_FRAME])


def on_field(image: ImageArray, cells: LabelImage, field: ImageArray) -> ImageArray:
    """Return the cells of `image` on `field`, both uint8 (H, W, 3): nothing changes more than `SEAM` inside a cell."""
    inside = np.where(cells > 0, np.uint8(255), np.uint8(0))
    share = cv2.GaussianBlur(inside, (2 * SEAM + 1, 2 * SEAM + 1), 1.0)[..., None].astype(np.uint16)
    blend = image * share + field * (255 - share)
    return ((blend + 127) // 255).astype(np.uint8)


def on_field_of(image: ImageArray, cells: LabelImage, other: ImageArray, others_cells: LabelImage) -> ImageArray:
    """Return the cells of `image` on the field of `other`, brought to its size, whose own cells are painted out."""
    if other.shape != image.shape:
        other = np.asarray(cv2.resize(other, image.shape[1::-1], interpolation=cv2.INTER_AREA), np.uint8)
    return on_field(image, cells, painted_out(other, shrunk_cells(others_cells, image.shape[:2])))


def alone(image: ImageArray, cells: LabelImage, level: int = PLAIN) -> ImageArray:
    """Return the cells of `image` (uint8, H × W × 3) on a plain field of the grey `level`, 0 to 255."""
    return on_field(image, cells, np.full_like(image, level))


def shrunk_cells(cells: LabelImage, size: tuple[int, int]) -> LabelImage:
    """Return a label image at `size` (height, width), every pixel the label that lies at its centre."""
    if cells.shape == size:
        return cells
    return np.asarray(cv2.resize(cells, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)
