"""The slide under the microscope: its stain, its red cells and its light, which differ from slide to slide."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from allcore.data.synthetic.cells import CLASSES

Floats = NDArray[np.float32]

SLIDES_PER_CLASS = 6


@dataclass(frozen=True)
class ClassStain:
    """The colours (RGB, 0–255) around which the slides of one class vary."""

    background: tuple[int, int, int]
    red_cells: tuple[int, int, int]
    nuclei: tuple[int, int, int]
    cytoplasm: tuple[int, int, int]


_CLASS_STAINS = {
    "Benign": ClassStain((251, 253, 238), (190, 193, 204), (92, 66, 188), (190, 186, 232)),
    "Early": ClassStain((248, 254, 250), (181, 192, 205), (136, 96, 208), (178, 166, 232)),
    "Pre": ClassStain((242, 253, 252), (132, 162, 208), (142, 112, 216), (176, 190, 238)),
    "Pro": ClassStain((255, 254, 248), (188, 196, 212), (204, 136, 222), (228, 186, 236)),
}


@dataclass(frozen=True)
class Slide:
    """One slide: everything that its fields share."""

    background: Floats  # (3,) RGB of the empty field's middle, about 255 or more where it is over-exposed
    corner: Floats  # (3,) the background's relative brightness in the corners
    stains: Floats  # (3, 3) optical density of red cells, nuclei and cytoplasm (rows) in R, G, B
    pallor: float  # how far a red cell's centre clears, 0–1
    crenation: float  # relative depth of spikes on the red cells' outline
    crowding: float  # red cells offered per frame, before they keep their distance
    spacing: float  # smallest distance of red cells, in diameters
    rouleaux: float  # share of red cells that stack into chains
    blur: float  # usual defocus, standard deviation in pixels of a 224-pixel frame


def stain_slide(label: str, number: int, *, stain_by_class: bool) -> Slide:
    """Slide `number` (from 0) of a class; without `stain_by_class` the classes share one pool of slides."""
    if not stain_by_class:
        number, source = divmod(number, len(CLASSES))
        label = CLASSES[source]
    rng = np.random.default_rng([CLASSES.index(label), number])
    anchor = _CLASS_STAINS[label]
    colours = np.array([anchor.red_cells, anchor.nuclei, anchor.cytoplasm], np.float32)
    density = -np.log(colours / 255)
    density *= rng.lognormal(0, 0.15, (3, 1)) * rng.lognormal(0, 0.12, (3, 3))
    stacked = rng.random() < 0.35
    return Slide(
        background=np.array(anchor.background, np.float32) + rng.normal(0, 2.5, 3).astype(np.float32),
        corner=(rng.uniform(0.90, 1.0) * rng.normal(1, 0.012, 3)).astype(np.float32),
        stains=density.astype(np.float32),
        pallor=rng.uniform(0.1, 0.5) if stacked else rng.uniform(0.35, 1.0),
        crenation=0.045 if rng.random() < 0.25 else 0.0,
        crowding=rng.uniform(150, 330),
        spacing=0.6 if stacked else rng.uniform(0.75, 0.95),
        rouleaux=0.6 if stacked else 0.15,
        blur=rng.uniform(0.4, 0.85),
    )


def photograph(concentrations: Floats, of: Slide, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The camera's picture, uint8 (S, S, 3) RGB, of stain concentrations (S, S, 3) by the law of Beer and Lambert."""
    size = concentrations.shape[0]
    # Sections differ in thickness and exposures in time, even on one slide.
    stains = of.stains * rng.lognormal(0, 0.08, (3, 1)).astype(np.float32)
    exposure = rng.normal(1.015, 0.016)
    across = np.linspace(-1, 1, size, dtype=np.float32) - rng.uniform(-0.2, 0.2, (2, 1)).astype(np.float32)
    from_middle = (across[0, :, None] ** 2 + across[1, None, :] ** 2) / 2
    light = exposure * of.background * (1 - from_middle[..., None] * (1 - of.corner))
    picture = light.astype(np.float32) * np.exp(-(concentrations @ stains))
    # The camera sharpens, which leaves the bright halos around cells that real fields show.
    soft = cv2.GaussianBlur(picture, (0, 0), 1.6 * max(size / 224, 0.4))
    picture += 0.45 * (picture - soft) + rng.normal(0, 1.6, (size, size, 1)).astype(np.float32)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
