"""Single fields and pairs of fields that show the same region of a slide."""

import numpy as np
from numpy.typing import NDArray

from allcore.data.synthetic.cells import CLASSES
from allcore.data.synthetic.slide import photograph, stain_slide
from allcore.data.synthetic.specimen import draw_specimen
from allcore.errors import ConfigError

SMALLEST = 32
LARGEST = 4_096  # a pair of which takes a gigabyte and a half to draw
_REFERENCE = 224  # the native width of the real fields, to which all drawn lengths refer

Field = NDArray[np.uint8]


def draw_field(
    label: str, rng: np.random.Generator, size: int = 224, *, slide: int = 0, stain_by_class: bool = True
) -> Field:
    """One smear-like field of a class, uint8 (size, size, 3) RGB, which spans the same width of glass at every size.

    `slide` (0 or more) chooses the stain cluster; without `stain_by_class` all classes draw from one pool of them.
    Raises ConfigError for an unknown class, a size below 32 or above 4,096 and a negative slide.
    """
    return draw_field_and_cells(label, rng, size, slide=slide, stain_by_class=stain_by_class)[0]


def draw_field_and_cells(
    label: str, rng: np.random.Generator, size: int = 224, *, slide: int = 0, stain_by_class: bool = True
) -> tuple[Field, NDArray[np.int32]]:
    """What `draw_field` draws, and where its nucleated cells are: (size, size), numbered from 1, 0 elsewhere."""
    check_field(label, size, slide)
    glass = stain_slide(label, slide, stain_by_class=stain_by_class)
    specimen = draw_specimen(label, glass, rng, (size, size), size / _REFERENCE)
    return photograph(specimen.concentrations, glass, rng), specimen.cells


def draw_twins(
    label: str, rng: np.random.Generator, size: int, *, slide: int, stain_by_class: bool
) -> tuple[Field, Field]:
    """Two photographs of one region, shifted by an eighth to a half of a frame in any direction."""
    glass = stain_slide(label, slide, stain_by_class=stain_by_class)
    distance, angle = rng.uniform(1 / 8, 1 / 2) * size, rng.uniform(0, 2 * np.pi)
    right, down = round(distance * np.cos(angle)), round(distance * np.sin(angle))
    shape = (size + abs(down), size + abs(right))
    region = draw_specimen(label, glass, rng, shape, size / _REFERENCE).concentrations
    x, y = max(-right, 0), max(-down, 0)
    first = region[y : y + size, x : x + size]
    second = region[y + down : y + down + size, x + right : x + right + size]
    return photograph(first, glass, rng), photograph(second, glass, rng)


def check_field(label: str, size: int, slide: int = 0) -> None:
    """Raises ConfigError unless a field of this class, size and slide can be drawn."""
    if label not in CLASSES:
        raise ConfigError(f"Unknown class {label!r}: synthetic smears exist for {', '.join(CLASSES)}.")
    if not SMALLEST <= size <= LARGEST:
        raise ConfigError(f"Expected an image size of {SMALLEST} to {LARGEST:,} pixels. Received: {size}.")
    if slide < 0:
        raise ConfigError(f"Expected a slide number of 0 or more. Received: slide={slide}.")
