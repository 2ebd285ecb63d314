"""Generated fields with planted overlaps: crops of one larger field, moved, turned, compressed anew, and copies."""

from __future__ import annotations

import cv2
import numpy as np

from allcore.data.shared_fields.placement import Placement
from allcore.data.synthetic.cells import CLASSES
from allcore.data.synthetic.slide import photograph, stain_slide
from allcore.data.synthetic.specimen import draw_specimen

ORIENTATIONS = range(8)
"""Quarter turns counter-clockwise (the remainder by 4), from 4 on followed by a reflection left to right."""


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


def turn_image(image: np.ndarray, orientation: int) -> np.ndarray:
    """Return an image in an orientation, contiguous."""
    turned = np.rot90(image, orientation % 4)
    return np.ascontiguousarray(turned[:, ::-1] if orientation >= 4 else turned)


def placement_of_turn(orientation: int, dx: float = 0, dy: float = 0) -> Placement:
    """Return how an image lies on what its own turn shows, its middle moved by `dx` and `dy` before both are turned."""
    angle = 90.0 * (orientation % 4) * (-1 if orientation >= 4 else 1)  # a placement mirrors first
    placement = Placement(1.0, (angle + 180) % -360 + 180, orientation >= 4, 0.0, 0.0)
    dx, dy = placement.linear @ [dx, dy]
    return placement._replace(dx=float(dx), dy=float(dy))


def copy_of(
    image: np.ndarray, scale: float = 1, angle: float = 0, mirrored: bool = False, light: float = 1, quality: int = 90
) -> np.ndarray:
    """Return a copy of a square image in another size, turned, mirrored, lighter or darker, as JPEG gives it back."""
    side = round(scale * image.shape[0])
    placement = Placement(side / image.shape[0], angle, mirrored, 0, 0)
    smooth = cv2.GaussianBlur(image, (0, 0), 0.5 / scale) if scale < 1 else image
    turned = cv2.warpAffine(
        smooth, placement.matrix(image.shape[:2], (side, side)), (side, side), flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    return _as_jpeg(np.clip(turned * float(light), 0, 255).astype(np.uint8), quality)


def compressed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an image as JPEG gives it back at a random quality from 60 to 95."""
    return _as_jpeg(image, int(rng.integers(60, 96)))


def _as_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
