"""The probes: ways of taking from an image what a model may lean on. A new one is an entry in `PROBES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from allcore.augment import to_grey
from allcore.cells.compose import alone, on_field_of, painted_out
from allcore.cells.finder import LabelImage, find_cells
from allcore.data.scale_bar import hide_scale_bar
from allcore.data.stain.normalise import StainLevels, normalise_stain
from allcore.evaluation.probes.views import (
    channels_swapped,
    colours_of,
    hue_turned,
    only_border,
    only_centre,
)

WORK = 11
"""Raised whenever a probe does something else than before: what earlier work found is not shown for it."""
AS_IT_IS = "as it is"
CELLS_ALONE, FIELD_ALONE, OTHER_FIELD = "cells alone", "field alone", "cells on another class's field"


@dataclass(frozen=True)
class Sample:
    """What a probe has to work with: one test image, and what others give it.

    `image` is uint8 (H, W, 3) RGB, `stain` the training images' mean stain, `other` a training image of another class;
    `find` finds the nucleated cells of either, uint8 (H, W).
    """

    image: np.ndarray
    stain: StainLevels
    other: Callable[[], np.ndarray]
    find: Callable[[np.ndarray], LabelImage] = find_cells


@dataclass(frozen=True)
class Probe:
    """One way of changing the test images.

    `what` says what is done, `relies_on` what a model relies on whose accuracy falls. `change` returns the changed
    image, uint8 (H, W, 3); with a `variant` the image is that of the same name there. `needs_cells` leaves the probe
    out where images hold no cells; `borrows` names what another class's image gives: its "field" or its "colours".
    """

    name: str
    what: str
    relies_on: str
    change: Callable[[Sample], np.ndarray] = lambda sample: sample.image
    variant: str | None = None
    needs_cells: bool = False
    borrows: str = ""


PROBES = (
    Probe(AS_IT_IS, "The test images as they are.", ""),
    Probe(
        CELLS_ALONE, "The nucleated cells on a plain light grey field.",
        "red cells, plasma and all else around the cells",
        lambda sample: alone(sample.image, sample.find(sample.image)), needs_cells=True,
    ),
    Probe(
        FIELD_ALONE, "The nucleated cells painted out: red cells and plasma are left.",
        "the nucleated cells",
        lambda sample: painted_out(sample.image, sample.find(sample.image)), needs_cells=True,
    ),
    Probe(
        OTHER_FIELD, "The cells on the field of a training image of another class.",
        "the field around the cells",
        lambda sample: on_field_of(
            sample.image, sample.find(sample.image), other := sample.other(), sample.find(other)
        ),
        needs_cells=True, borrows="field",
    ),
    Probe(
        "colours of another class", "Mean and spread of colour (in Lab) of a training image of another class.",
        "the overall colours",
        lambda sample: colours_of(sample.image, sample.other()), borrows="colours",
    ),
    Probe("grey", "No colour, brightness alone.", "colour", lambda sample: to_grey(sample.image)),
    Probe(
        "hue turned", "Every hue turned by half a circle: purple becomes green.", "the hues themselves",
        lambda sample: hue_turned(sample.image),
    ),
    Probe(
        "channels swapped", "Red and blue exchanged.", "the hues themselves",
        lambda sample: channels_swapped(sample.image),
    ),
    Probe(
        "stain-normalised", "Both dyes, azure and eosin, brought to the training images' mean amount and spread.",
        "how strongly the smear is stained", lambda sample: normalise_stain(sample.image, sample.stain),
    ),
    Probe(
        "corner hidden", "The lower right corner, where scale bars stand, in the image's median colour.",
        "the scale bar", lambda sample: hide_scale_bar(sample.image),
    ),
    Probe(
        "segmented", "The dataset's own variant Segmented; of the ALL images, pink cells on black.",
        "the background and the cells' own colours", variant="Segmented",
    ),
    Probe(
        "border only", "The centre, half of the area, in the border's median colour.",
        "the centre of the image", lambda sample: only_border(sample.image),
    ),
    Probe(
        "centre only", "The border, half of the area, in the centre's median colour.",
        "the border of the image", lambda sample: only_centre(sample.image),
    ),
)  # fmt: skip
