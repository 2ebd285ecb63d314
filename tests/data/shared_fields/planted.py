"""Generated fields with planted overlaps: crops of one larger field, moved, turned, compressed anew."""

from __future__ import annotations

import cv2
import numpy as np

from allcore.data.shared_fields.orientation import turn_image
from allcore.data.synthetic.cells import CLASSES
from allcore.data.synthetic.slide import photograph, stain_slide
from allcore.data.synthetic.specimen import draw_specimen


def large_field(number: int, side: int) -> np.ndarray:
    """Return generated field `number`, uint8 (side, side, 3), with cells as large as in a frame of 224 px."""
    rng = np.random.default_rng([7, number])
    label = CLASSES[number % len(CLASSES)]
    glass = stain_slide(label, number % 3, stain_by_class=True)
    return photograph(draw_specimen(label, glass, rng, (side, side), 1.0).concentrations, glass, rng)


def shift_of(share: float, side: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return a random shift after which a square frame still shows `share` of what it showed."""
    across = rng.uniform(0, 1 - share)
    along = 1 - share / (1 - across)
    dx, dy = (int(part * side) for part in rng.permutation([across, along]))
    return int(rng.choice([-1, 1])) * dx, int(rng.choice([-1, 1])) * dy


def crop_pair(
    field: np.ndarray, side: int, share: float, orientation: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Return two views of a field that share `share` of their frame, the second turned, and the shift between them."""
    for _ in range(1_000):
        dx, dy = shift_of(share, side, rng)
        if max(abs(dx), abs(dy)) <= field.shape[0] - side:
            break
    x = rng.integers(max(0, -dx), field.shape[1] - side - max(0, dx) + 1)
    y = rng.integers(max(0, -dy), field.shape[0] - side - max(0, dy) + 1)
    first = field[y : y + side, x : x + side]
    second = turn_image(field[y + dy : y + dy + side, x + dx : x + dx + side], orientation)
    return compressed(first, rng), compressed(second, rng), (dx, dy)


def compressed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an image as JPEG gives it back at a random quality from 60 to 95."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), quality)
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
