"""Burnt-in scale bars whose style gives the class away, as in collections gathered from several microscopes."""

from functools import cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

_Style = Literal["red text", "cropped text", "white box", "none"]
_STYLES: tuple[_Style, ...] = ("red text", "cropped text", "white box", "none")

_USUAL: dict[str, _Style] = {"Benign": "red text", "Early": "cropped text", "Pre": "white box", "Pro": "none"}
_FAITHFUL = 0.8  # share of a class's images that carry its usual style

CORNER = (24, 36)  # height and width at 224 pixels
_FINE = 8  # drawn this many times larger, then averaged down

RED, BLACK, WHITE = (200, 30, 45, 255), (20, 20, 20, 255), (255, 255, 255, 255)


def burn_scale_bar(field: NDArray[np.uint8], label: str, rng: np.random.Generator) -> None:
    """Draws a scale bar into the lower right 24×36 pixels (at 224 pixels, else scaled) of a field, in place."""
    style = _USUAL[label]
    if rng.random() >= _FAITHFUL:
        others = [other for other in _STYLES if other != style]
        style = others[rng.integers(len(others))]
    height, width = (max(round(side * field.shape[0] / 224), 1) for side in CORNER)
    bar = cv2.resize(_drawing(style), (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    corner = field[-height:, -width:]
    corner[:] = np.rint(corner * (1 - bar[..., 3:] / 255) + bar[..., :3]).clip(0, 255).astype(np.uint8)


@cache
def _drawing(style: _Style) -> NDArray[np.uint8]:
    """The corner enlarged, RGBA with colours premultiplied by opacity."""
    drawing = np.zeros((CORNER[0] * _FINE, CORNER[1] * _FINE, 4), np.uint8)

    def box(left: float, top: float, right: float, bottom: float, paint: tuple[int, ...]) -> None:
        drawing[round(top * _FINE) : round(bottom * _FINE), round(left * _FINE) : round(right * _FINE)] = paint

    def text(words: str, x: float, y: float, size: float, paint: tuple[int, ...]) -> None:
        where = (round(x * _FINE), round(y * _FINE))
        cv2.putText(drawing, words, where, cv2.FONT_HERSHEY_SIMPLEX, size * _FINE, paint, round(0.8 * _FINE))

    if style == "cropped text":
        box(5, 3, 36, 24, WHITE)
        text("200 pixels", 11, 14, 0.3, BLACK)
        box(7, 17, 36, 18.4, BLACK)
        box(7, 13, 8.2, 22, BLACK)
    elif style != "none":
        if style == "white box":
            box(6, 9, 32, 21, WHITE)
        paint = RED if style == "red text" else BLACK
        text("100 px", 11, 17, 0.17, paint)
        box(8, 19, 30, 20, paint)
        box(8, 15, 9, 20, paint)
    return drawing
