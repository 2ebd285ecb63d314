"""One augmentation for the preview and for training: a warp, a brightness factor, and optional changes.

What happens to an image is drawn first (`draw_change`) and applied afterwards (`apply_change`), so that it can be shown
and repeated: the generator is seeded with (seed, epoch, index) and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from allcore.cells.compose import alone, on_field_of, shrunk_cells
from allcore.cells.lenders import Lenders
from allcore.config_parts import AugmentConfig
from allcore.data.scale_bar import hide_scale_bar
from allcore.data.stain.dyes import restain
from allcore.data.stain.lab_colours import recolour

if TYPE_CHECKING:
    from allcore.cells.finder import LabelImage

_PLAIN_LEVELS = (192, 255)
"""Grey levels of a plain field: as light as plasma."""

_BORDERS = {"reflect": cv2.BORDER_REFLECT, "replicate": cv2.BORDER_REPLICATE, "white": cv2.BORDER_CONSTANT}


@dataclass(frozen=True)
class Change:
    """What one image goes through: rotation in degrees (counter-clockwise), scale, reflections, brightness, stain.

    `field_from` and `colours_from` name the training image that lends its field or its colours (see `Lenders`),
    `plain_field` is the grey level of a field that shows nothing.
    """

    degrees: float = 0.0
    scale: float = 1.0
    horizontal_flip: bool = False
    vertical_flip: bool = False
    brightness: float = 1.0
    stain_scale: tuple[float, float] = (1.0, 1.0)
    stain_shift: tuple[float, float] = (0.0, 0.0)
    grey: bool = False
    hide_scale_bar: bool = False
    field_from: float | None = None
    plain_field: int | None = None
    colours_from: float | None = None
    recolour_strength: float = 1.0


IDENTITY = Change()


def draw_change(config: AugmentConfig, seed: int, epoch: int, index: int) -> Change:
    """Return the change that image `index` goes through in `epoch` (0-based) of a run with `seed`.

    Every number is drawn whether it is used or not, so that switching one operation off leaves the others alone.
    """
    rng = np.random.default_rng([seed, epoch, index])
    degrees, brightness, horizontal, vertical, grey, bar = rng.random(6)
    stain = rng.uniform(-1.0, 1.0, 4) * config.stain_jitter
    scale, another_field, field, level, other_colours, colours = map(float, rng.random(6))
    low, high = config.brightness
    smallest, largest = config.scale
    transplanted = another_field < config.transplant
    plain = not transplanted and another_field < config.transplant + config.plain_field
    return Change(
        scale=smallest * (largest / smallest) ** scale,
        field_from=field if transplanted else None,
        plain_field=int(_PLAIN_LEVELS[0] + level * (_PLAIN_LEVELS[1] + 1 - _PLAIN_LEVELS[0])) if plain else None,
        colours_from=colours if other_colours < config.recolour else None,
        recolour_strength=config.recolour_strength,
        degrees=float((2.0 * degrees - 1.0) * config.degrees),
        horizontal_flip=bool(config.horizontal_flip and horizontal < 0.5),
        vertical_flip=bool(config.vertical_flip and vertical < 0.5),
        brightness=float(low + (high - low) * brightness),
        stain_scale=(float(1.0 + stain[0]), float(1.0 + stain[1])),
        stain_shift=(float(0.2 * stain[2]), float(0.2 * stain[3])),
        grey=bool(grey < config.grey),
        hide_scale_bar=bool(bar < config.hide_scale_bar),
    )


def apply_change(
    image: np.ndarray,
    size: int,
    change: Change,
    border: str = "reflect",
    cells: LabelImage | None = None,
    lenders: Lenders | None = None,
) -> np.ndarray:
    """Return `image` changed and resized to the network's input.

    `image` is uint8 (H, W, 3) RGB, the result uint8 (size, size, 3). Where a side shrinks it is area-averaged first;
    resizing, rotation and reflection then are one bilinear interpolation; a side that differs in length from the
    other is stretched. `border` names what fills the corners that a rotation uncovers: reflect, replicate or white.
    A change of field needs the image's `cells` (uint8, H × W); one that borrows needs `lenders`.
    """
    if change.field_from is not None or change.plain_field is not None:
        image = _put_on_field(image, size, change, cells, lenders)
    if change.hide_scale_bar:  # after the field, which may bring a scale bar of its own
        image = hide_scale_bar(image)
    # Without a rotation nothing is uncovered, and enlarging must not blend white into the outermost pixels.
    uncovers = change.degrees or change.scale < 1.0
    image = _warp(image, size, change, _BORDERS[border if uncovers else "reflect"])
    if change.stain_scale != (1.0, 1.0) or change.stain_shift != (0.0, 0.0):
        image = restain(image, change.stain_scale, change.stain_shift)
    if change.colours_from is not None:
        if lenders is None:
            raise ValueError("expected the images that lend colours; received none")
        image = recolour(image, lenders.colours(change.colours_from), change.recolour_strength)
    if change.grey:
        image = to_grey(image)
    if change.brightness != 1.0:
        image = cv2.convertScaleAbs(image, alpha=change.brightness)
    return image


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Return `image` as the network sees it outside training: `apply_change` with no change."""
    return apply_change(image, size, IDENTITY)


def augment(
    image: np.ndarray,
    size: int,
    config: AugmentConfig,
    seed: int,
    epoch: int,
    index: int,
    cells: LabelImage | None = None,
    lenders: Lenders | None = None,
) -> np.ndarray:
    """Return image `index` exactly as `epoch` (0-based) of a run with `seed` sees it: uint8 (size, size, 3).

    `cells` and `lenders` are what `apply_change` wants where `config` changes fields or borrows colours.
    """
    return apply_change(image, size, draw_change(config, seed, epoch, index), config.border, cells, lenders)


def to_grey(image: np.ndarray) -> np.ndarray:
    """Return `image` (uint8, H × W × 3) without colour: its luma (ITU-R BT.601) in all three channels."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def _put_on_field(
    image: np.ndarray, size: int, change: Change, cells: LabelImage | None, lenders: Lenders | None
) -> np.ndarray:
    """Return the image's cells on the field that `change` names, at most `size` pixels a side, if it has any."""
    if cells is None:
        raise ValueError("expected the cells of an image whose field is to be changed; received none")
    if not cells.any():
        return image
    image = _averaged(image, size)
    cells = shrunk_cells(cells, image.shape[:2])
    if change.field_from is None:
        assert change.plain_field is not None
        return alone(image, cells, change.plain_field)
    if lenders is None:
        raise ValueError("expected the images that lend fields; received none")
    return on_field_of(image, cells, *lenders.field(change.field_from))


def _averaged(image: np.ndarray, size: int) -> np.ndarray:
    """Return `image` with every side that is longer than `size` area-averaged to it."""
    height, width = image.shape[:2]
    if height <= size and width <= size:
        return image
    return cv2.resize(image, (min(width, size), min(height, size)), interpolation=cv2.INTER_AREA)


def _warp(image: np.ndarray, size: int, change: Change, border: int) -> np.ndarray:
    image = _averaged(image, size)
    height, width = image.shape[:2]
    to_source = _output_to_source(size, height, width, change)
    if height == width == size and np.array_equal(to_source, np.eye(2, 3)):
        return image
    return cv2.warpAffine(
        image, to_source, (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=border, borderValue=(255, 255, 255),
    )  # fmt: skip


def _output_to_source(size: int, height: int, width: int, change: Change) -> np.ndarray:
    """Return the 2×3 matrix from an output pixel to where it is read, about the centres of pixel grids."""
    angle = np.deg2rad(change.degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    flips = np.diag([-1.0 if change.horizontal_flip else 1.0, -1.0 if change.vertical_flip else 1.0])
    linear = np.diag([width / size, height / size]) @ rotation @ flips / change.scale
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    return np.column_stack([linear, centre - linear @ np.full(2, (size - 1) / 2)])
