"""Draw the figure of docs/cells.md: one drawn smear in every view, and how often two recipes are right in each.

    python -m docs.cells_figure docs/pictures/views.webp

The smears are drawn, so that no image of a patient is shown; the shares are measured on real ones. Those of the
released model stand in its file; those of the plain recipe (the paper's network at 150 px, 14 epochs, the paper's
augmentation, the same grouped split) were measured with `python -m allcore probe` and are written down here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from allcore.data.stain.normalise import stain_levels
from allcore.data.synthetic.field import draw_field_and_cells
from allcore.evaluation.probes.registry import PROBES, Sample
from allcore.inference.predictor import load_predictor
from allcore.installation import PROJECT

MODEL = PROJECT / "models" / "vgg16-150px.onnx"
PLAIN_RECIPE = {
    "as it is": 0.992,
    "cells alone": 0.304,
    "field alone": 0.850,
    "cells on another class's field": 0.238,
    "colours of another class": 0.808,
    "grey": 0.665,
    "hue turned": 0.338,
    "channels swapped": 0.477,
}
PLAIN, OURS = (213, 94, 0), (0, 114, 178)
INK, FAINT = (40, 44, 52), (228, 230, 234)
COLUMNS, SIDE, GAP, BAR = 4, 208, 20, 16
PANEL = SIDE + 24 + 2 * (BAR + 4) + GAP


def main() -> None:
    """Write the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    figure(_released()).save(parser.parse_args().file, quality=85, method=6)


def figure(ours: dict[str, float]) -> Image.Image:
    """Return the figure: a panel for each view of `PLAIN_RECIPE`, with the shares that are right by either recipe."""
    smear, _ = draw_field_and_cells("Early", np.random.default_rng(5), slide=2)
    lender, _ = draw_field_and_cells("Pro", np.random.default_rng(8), slide=4)
    sample = Sample(smear, stain_levels(smear), lambda: lender)
    probes = {probe.name: probe for probe in PROBES}
    rows = -(-len(PLAIN_RECIPE) // COLUMNS)
    sheet = Image.new("RGB", (GAP + COLUMNS * (SIDE + GAP), 44 + rows * PANEL), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    draw.text((GAP, 12), "Right in each view:", INK, font)
    for place, colour, name in ((170, PLAIN, "the plain recipe"), (320, OURS, "the released model")):
        draw.rectangle((place, 14, place + 14, 28), colour)
        draw.text((place + 20, 12), name, INK, font)
    for number, (view, plain) in enumerate(PLAIN_RECIPE.items()):
        left, top = GAP + number % COLUMNS * (SIDE + GAP), 44 + number // COLUMNS * PANEL
        sheet.paste(Image.fromarray(probes[view].change(sample)).resize((SIDE, SIDE)), (left, top))
        draw.text((left, top + SIDE + 3), view, INK, font)
        for line, (share, colour) in enumerate(((plain, PLAIN), (ours[view], OURS))):
            _bar(draw, font, (left, top + SIDE + 24 + line * (BAR + 4)), share, colour)
    return sheet


def _bar(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    place: tuple[int, int],
    share: float,
    colour: tuple[int, int, int],
) -> None:
    (left, top), width = place, SIDE - 56
    draw.rectangle((left, top, left + width, top + BAR), FAINT)
    draw.rectangle((left, top, left + round(width * share), top + BAR), colour)
    draw.text((left + width + 6, top - 1), f"{100 * share:.1f} %", INK, font)


def _released() -> dict[str, float]:
    """Return how often the released model is right in each view, as its file says."""
    held_out = load_predictor(MODEL).metadata.held_out
    return {} if held_out is None else {view.probe: view.accuracy for view in held_out.views}


if __name__ == "__main__":
    main()
