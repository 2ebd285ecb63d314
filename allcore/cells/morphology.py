"""What an image's cells look like, in numbers that know neither colour nor background."""

from __future__ import annotations

import numpy as np

from allcore.arrays import ImageArray
from allcore.cells.finder import find_cells
from allcore.cells.table import COLUMNS, cell_rows

MEASURES = tuple(name for name in COLUMNS if name not in ("cell", "touches_border"))
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def morphology(image: ImageArray) -> np.ndarray:
    """Return the cells of `image`, uint8 (H, W, 3), as a vector: float32 (53,), always finite.

    Numbers of cells and of those that the border cuts, the share of the area in cells, and of every measure the
    quantiles over whole cells (over all where none is whole); zeros where the image holds no cell.
    """
    cells = find_cells(image)
    rows = cell_rows(image, cells)
    whole = [row for row in rows if not row["touches_border"]]
    counted = [len(rows), len(rows) - len(whole), float((cells > 0).mean())]
    measured = np.array([[row[name] for name in MEASURES] for row in whole or rows], np.float64)
    quantiles = np.quantile(measured, QUANTILES, axis=0).T.ravel() if len(measured) else np.zeros(_QUANTILES)
    return np.concatenate([counted, quantiles]).astype(np.float32)


_QUANTILES = len(MEASURES) * len(QUANTILES)
