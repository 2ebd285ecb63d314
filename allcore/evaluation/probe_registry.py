"""The probes: ways of taking from an image what a model may lean on. A new one is an entry in `PROBES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from allcore.augment import hide_scale_bar, to_grey
from allcore.data.stain_normalise import StainLevels, normalise_stain

WORK = 1
"""Raised whenever a probe does something else than before: what earlier work found is not shown for it."""
CENTRE_SIDE = 0.5**0.5
"""Sides of the centre as a fraction of the image's: centre and border have the same area."""
AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Probe:
    """One way of changing the test images.

    `what` says what is done, `relies_on` what a model relies on whose accuracy falls. `change` takes an image (uint8,
    H × W × 3, RGB) and the training images' mean stain; with a `variant` the image is that of the same name there.
    """

    name: str
    what: str
    relies_on: str
    change: Callable[[np.ndarray, StainLevels], np.ndarray] = lambda image, _: image
    variant: str | None = None


def only_centre(image: np.ndarray) -> np.ndarray:
    """Return `image` (uint8, H × W × 3) with its border, half of the area, in the median colour of the centre."""
    rows, columns = _centre(image)
    alone = np.empty_like(image)
    alone[:] = np.median(image[rows, columns], axis=(0, 1))
    alone[rows, columns] = image[rows, columns]
    return alone


def only_border(image: np.ndarray) -> np.ndarray:
    """Return `image` (uint8, H × W × 3) with its centre, half of the area, in the median colour of the border."""
    rows, columns = _centre(image)
    is_border = np.ones(image.shape[:2], bool)
    is_border[rows, columns] = False
    alone = image.copy()
    alone[rows, columns] = np.median(image[is_border], axis=0)
    return alone


PROBES = (
    Probe(AS_IT_IS, "The test images as they are.", ""),
    Probe(
        "corner hidden", "The lower right corner, where scale bars stand, in the image's median colour.",
        "the scale bar", lambda image, _: hide_scale_bar(image),
    ),
    Probe("grey", "No colour, brightness alone.", "colour", lambda image, _: to_grey(image)),
    Probe(
        "stain-normalised", "Both dyes, azure and eosin, brought to the training images' mean amount and spread.",
        "how strongly the smear is stained", normalise_stain,
    ),
    Probe(
        "segmented", "The dataset's own variant Segmented; of the ALL images, pink cells on black.",
        "the background and the cells' own colours", variant="Segmented",
    ),
    Probe(
        "border only", "The centre, half of the area, in the border's median colour.",
        "the centre of the image", lambda image, _: only_border(image),
    ),
    Probe(
        "centre only", "The border, half of the area, in the centre's median colour.",
        "the border of the image", lambda image, _: only_centre(image),
    ),
)  # fmt: skip


def _centre(image: np.ndarray) -> tuple[slice, slice]:
    margins = [round(side * (1 - CENTRE_SIDE) / 2) for side in image.shape[:2]]
    rows, columns = (slice(margin, side - margin) for margin, side in zip(margins, image.shape[:2], strict=True))
    return rows, columns
