"""How one image lies on another: larger or smaller, turned, mirrored and shifted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Placement(NamedTuple):
    """First mirrored left to right if `mirrored`, then made `scale` times as large and turned by `angle`, then shifted.

    `angle` is in degrees counter-clockwise, above -180 and up to 180; `dx` and `dy` are pixels of the second image by
    which the middle of the first then lies right of and below the middle of the second.
    """

    scale: float
    angle: float
    mirrored: bool
    dx: float
    dy: float

    @property
    def upright(self) -> bool:
        """Whether pixels stay pixels: neither larger nor smaller, and turned by quarters alone."""
        return self.scale == 1 and self.angle % 90 == 0

    @property
    def linear(self) -> np.ndarray:
        """What becomes of x and y, as float64 (2, 2), before the shift."""
        cosine, sine = _exact(self.angle)
        turn = self.scale * np.array([[cosine, sine], [-sine, cosine]])  # y points down
        return turn * [-1 if self.mirrored else 1, 1]

    def matrix(self, first: tuple[int, int], second: tuple[int, int]) -> np.ndarray:
        """Return the map of pixels for images of these heights and widths, float64 (2, 3), as `cv2.warpAffine`'s."""
        of_first, of_second = (np.array([(width - 1) / 2, (height - 1) / 2]) for height, width in (first, second))
        return np.column_stack([self.linear, of_second + np.array([self.dx, self.dy]) - self.linear @ of_first])

    def on_whole_pixels(self, first: tuple[int, int], second: tuple[int, int]) -> Placement:
        """Return it with pixel on pixel, for images of these heights and widths, if upright."""
        if not self.upright:
            return self
        shift = self.matrix(first, second)[:, 2]
        dx, dy = np.rint(shift) - shift
        return self._replace(dx=self.dx + float(dx), dy=self.dy + float(dy))


def placement_of(similarity: np.ndarray, *, mirrored: bool) -> Placement:
    """Return the placement after whose mirroring comes a map without reflection, (2, 3), of places from the middles."""
    cosine, sine = similarity[0, 0], similarity[0, 1]
    angle = float(np.degrees(np.arctan2(sine, cosine)))
    return Placement(float(np.hypot(cosine, sine)), angle, mirrored, float(similarity[0, 2]), float(similarity[1, 2]))


def _exact(angle: float) -> tuple[float, float]:
    """Return cosine and sine of an angle in degrees, without rounding errors at quarter turns."""
    if angle % 90 == 0:
        return [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][round(angle / 90) % 4]
    return float(np.cos(np.radians(angle))), float(np.sin(np.radians(angle)))
