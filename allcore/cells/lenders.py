"""The images that lend their fields and colours to others: those of the training part, and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from allcore.arrays import ImageArray
from allcore.data.stain.lab_colours import lab_colours

if TYPE_CHECKING:
    from allcore.cells.finder import LabelImage


@dataclass(frozen=True)
class Lenders:
    """Who may lend: `rows`, of which `image` and `cells` give the image and the cells in it.

    A lender is named by a `share` within [0, 1) of the rows, so that it can be drawn before they are known.
    """

    image: Callable[[int], ImageArray]
    cells: Callable[[int], LabelImage]
    rows: np.ndarray

    def row(self, share: float) -> int:
        """Return the row that lies at `share` of all lenders."""
        return int(self.rows[int(share * len(self.rows))])

    def field(self, share: float) -> tuple[ImageArray, LabelImage]:
        """Return the lender's image, uint8 (H, W, 3), and its cells, uint8 (H, W)."""
        row = self.row(share)
        return self.image(row), self.cells(row)

    def colours(self, share: float) -> np.ndarray:
        """Return the lender's mean and spread in Lab: float64 (2, 3)."""
        return lab_colours(self.image(self.row(share)))
