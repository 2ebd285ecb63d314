"""Two images of one field laid on a common frame, so that a person can see whether they show the same."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from allcore.data.shared_fields.orientation import turn_image
from allcore.errors import InputError

Image = npt.NDArray[np.uint8]

EMPTY = 150
"""Grey level of the frame where an image shows nothing; it can be told from the background of a light or dark page."""


class Rectangle(NamedTuple):
    """A part of the frame in whole pixels, from `left` and `top` on."""

    left: int
    top: int
    width: int
    height: int

    @property
    def pixels(self) -> tuple[slice, slice]:
        """The rows and columns of an image that it covers."""
        return np.s_[self.top : self.top + self.height, self.left : self.left + self.width]

    def moved(self, dx: int, dy: int) -> Rectangle:
        """Return the rectangle `dx` further right and `dy` further down."""
        return Rectangle(self.left + dx, self.top + dy, self.width, self.height)

    def within(self, other: Rectangle) -> Rectangle:
        """Return what both cover; its width or height is 0 where that is nothing."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right = min(self.left + self.width, other.left + other.width)
        bottom = min(self.top + self.height, other.top + other.height)
        return Rectangle(left, top, max(0, right - left), max(0, bottom - top))


class AlignedViews(NamedTuple):
    """Two images, each alone on the frame that holds both: uint8 (H, W, 3), RGB, `EMPTY` beside the image.

    `first_at` and `second_at` are where they lie, `shared` is what both show.
    """

    first: Image
    second: Image
    first_at: Rectangle
    second_at: Rectangle
    shared: Rectangle


def aligned_views(first: Image, second: Image, quarter_turns: int, mirrored: bool, dx: int, dy: int) -> AlignedViews:
    """Return two RGB images, uint8 (h, w, 3) of any sizes, in place on their common frame.

    The placement is one of `find_shared_fields`: `first` is given `quarter_turns` (0 to 3, counter-clockwise), then is
    `mirrored` left to right, then moved by `dx` and `dy` pixels from the upper left corner of `second`. Raises
    `InputError` when nothing is shared then.
    """
    turned = turn_image(first, quarter_turns + 4 * mirrored)
    first_at = Rectangle(dx, dy, turned.shape[1], turned.shape[0])
    second_at = Rectangle(0, 0, second.shape[1], second.shape[0])
    shared = first_at.within(second_at)
    if shared.width == 0 or shared.height == 0:
        raise InputError(
            f"images of {first_at.width} × {first_at.height} and {second_at.width} × {second_at.height} px share "
            f"nothing when one is shifted by {dx} and {dy} px; search the dataset for shared fields again"
        )
    left, top = min(dx, 0), min(dy, 0)
    size = (
        max(first_at.top + first_at.height, second_at.height) - top,
        max(first_at.left + first_at.width, second_at.width) - left,
    )
    first_at, second_at, shared = (place.moved(-left, -top) for place in (first_at, second_at, shared))
    return AlignedViews(_placed(turned, first_at, size), _placed(second, second_at, size), first_at, second_at, shared)


def blend(views: AlignedViews, weight: float) -> Image:
    """Return both images in one, uint8 (H, W, 3): where both show something, the second counts by `weight` (0 to 1)."""
    both = views.first.copy()
    both[views.second_at.pixels] = views.second[views.second_at.pixels]
    shared = views.shared.pixels
    mixed = (1 - weight) * views.first[shared] + weight * views.second[shared]
    both[shared] = np.rint(mixed).astype(np.uint8)
    return both


def difference(views: AlignedViews) -> Image:
    """Return how far the images differ where both show something: uint8 (H, W, 3), 0 where they agree."""
    apart = np.full_like(views.first, EMPTY)
    shared = views.shared.pixels
    apart[shared] = np.abs(views.first[shared].astype(np.int16) - views.second[shared]).astype(np.uint8)
    return apart


def _placed(image: Image, place: Rectangle, size: tuple[int, int]) -> Image:
    canvas = np.full((*size, 3), EMPTY, np.uint8)
    canvas[place.pixels] = image
    return canvas
