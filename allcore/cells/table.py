"""Measures of nucleated cells: their size, their shape, and the inside of each without colour."""

from __future__ import annotations

import cv2
import numpy as np

from allcore.arrays import ImageArray
from allcore.cells.compose import shrunk_cells
from allcore.cells.finder import LabelImage, at_field_size, windows_of

COLUMNS = (
    *("cell", "area", "roundness", "eccentricity", "solidity", "nucleus_share", "nucleus_roundness"),
    *("chromatin_contrast", "chromatin_grain", "texture", "cytoplasm_grain", "touches_border"),
)
_LEAST_SPREAD = 1.0
"""Of the brightness inside a cell, in grey levels: one without any structure has no texture."""


def cell_rows(image: ImageArray, cells: LabelImage) -> list[dict[str, float]]:
    """Return one row a cell of `image`, uint8 (H, W, 3), labelled by `cells`, (H, W), by the names in `COLUMNS`.

    Lengths are pixels of a field of which the longer side has 224. `area` is in square pixels; `roundness` (of the
    outline, 4π area / perimeter²; for a circle about 0.87, as outlines go from pixel to pixel), `eccentricity` (of the
    ellipse with the same moments, 0 for a circle) and `solidity` (area over that of the convex hull) have no unit.
    Brightness is counted in standard deviations from the mean inside the cell: its darker part by Otsu's threshold is
    the nucleus, with its share of the cell and its roundness, `chromatin_contrast` how much darker it is than the
    cytoplasm, `chromatin_grain` and `cytoplasm_grain` the standard deviation within each, `texture` the mean absolute
    difference of neighbours in it.
    Cells that touch the border are cut off, and so are their measures.
    """
    field = at_field_size(image)
    labels = shrunk_cells(cells, field.shape[:2])
    grey = cv2.cvtColor(field, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return [_measures(number, labels, window, grey) for number, window in windows_of(labels)]


def _measures(number: int, labels: LabelImage, window: tuple[slice, slice], grey: np.ndarray) -> dict[str, float]:
    """Return the row of the cell that lies in a window of the field."""
    inside, grey = labels[window] == number, grey[window]
    levels = grey[inside]
    brightness = (grey - levels.mean()) / max(float(levels.std()), _LEAST_SPREAD)
    steps = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(steps, 0, 255, cv2.THRESH_OTSU)
    nucleus = inside & (grey <= threshold)
    cytoplasm = inside & ~nucleus
    touches = any(side.start == 0 or side.stop == length for side, length in zip(window, labels.shape, strict=True))
    shape, of_nucleus = _shape(inside), _shape(nucleus)
    return {
        "cell": number, "area": float(inside.sum()), **shape,
        "nucleus_share": float(nucleus.sum() / inside.sum()), "nucleus_roundness": of_nucleus["roundness"],
        "chromatin_contrast": _mean(brightness[cytoplasm]) - _mean(brightness[nucleus]),
        "chromatin_grain": _spread(brightness[nucleus]), "texture": _texture(brightness, nucleus),
        "cytoplasm_grain": _spread(brightness[cytoplasm]), "touches_border": touches,
    }  # fmt: skip


def _shape(mask: np.ndarray) -> dict[str, float]:
    """Return roundness, eccentricity and solidity of the largest piece of a mask; 0 where there is none."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return {"roundness": 0.0, "eccentricity": 0.0, "solidity": 0.0}
    outline = max(outlines, key=cv2.contourArea)
    area, perimeter = cv2.contourArea(outline), cv2.arcLength(outline, closed=True)
    hull = cv2.contourArea(cv2.convexHull(outline))
    moments = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    spread = np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]])
    least, most = np.linalg.eigvalsh(spread)
    return {
        "roundness": min(4 * np.pi * area / perimeter**2, 1.0) if perimeter else 0.0,
        "eccentricity": float(np.sqrt(max(1 - least / most, 0.0))) if most > 0 else 0.0,
        "solidity": area / hull if hull else 0.0,
    }


def _texture(brightness: np.ndarray, mask: np.ndarray) -> float:
    """Return the mean absolute difference of neighbouring pixels that both lie in the mask."""
    across = np.abs(np.diff(brightness, axis=1))[mask[:, 1:] & mask[:, :-1]]
    down = np.abs(np.diff(brightness, axis=0))[mask[1:] & mask[:-1]]
    return _mean(np.concatenate([across, down]))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else 0.0


def _spread(values: np.ndarray) -> float:
    return float(values.std()) if values.size else 0.0
