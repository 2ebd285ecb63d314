"""The images that lend their fields and colours to others: those of the training part, and no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from allcore.cells.finder import Image, LabelImage
from allcore.data.lab_colours import lab_colours


class Arrays(Protocol):
    """Arrays by row: decoded images, or the cells in them."""

    def __getitem__(self, row: int) -> np.ndarray:
        """Return the array of one row."""


@dataclass(frozen=True)
class Lenders:
    """Who may lend: `rows` of `images`, whose cells are `cells`; without these they lend colours alone.

    A lender is named by a `share` within [0, 1) of the rows, so that it can be drawn before they are known.
    """

    images: Arrays
    cells: Arrays | None
    rows: np.ndarray

    def row(self, share: float) -> int:
        """Return the row that lies at `share` of all lenders."""
        return int(self.rows[int(share * len(self.rows))])

    def field(self, share: float) -> tuple[Image, LabelImage]:
        """Return the lender's image, uint8 (H, W, 3), and its cells, uint8 (H, W)."""
        if self.cells is None:
            raise ValueError("expected the lenders' cells, which are painted out of their fields; received none")
        row = self.row(share)
        return self.images[row], self.cells[row]

    def colours(self, share: float) -> np.ndarray:
        """Return the lender's mean and spread in Lab: float64 (2, 3)."""
        return lab_colours(self.images[self.row(share)])
