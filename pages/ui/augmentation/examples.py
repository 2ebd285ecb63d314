"""An image under changes: random ones, or each operation alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from allcore.augment import IDENTITY, Change, apply_change, draw_change
from allcore.cells.finder import find_cells
from allcore.cells.lenders import Lenders
from allcore.config_parts import AugmentConfig
from allcore.data.encode import png
from allcore.data.intake.images import decode
from allcore.files import Stamp, stamp
from allcore.reporting.changes import Example, describe, operations
from allcore.text import for_page
from pages.ui.address import bound_number
from pages.ui.show import gallery

_RESULTS = 11


def show_random(root: Path, image: pd.Series, size: int, config: AugmentConfig, lenders: pd.Series) -> None:
    """Show an image as a run of the settings may see it in its first epochs; the `lenders` are paths of images."""
    seed = st.number_input("Seed", 0, 2**32 - 1, 0, key="seed", bind=bound_number("seed"), width=160)
    changes = [draw_change(config, seed, epoch, int(str(image.name))) for epoch in range(_RESULTS)]
    examples = [Example(f"epoch {e}: {describe(change)}", change, config.border) for e, change in enumerate(changes, 1)]
    if config.borrows:
        st.caption("In this preview fields and colours may come from any image; in a run, only from training images.")
    _show_examples(root, image, size, (Example("as it is", IDENTITY, config.border), *examples), lenders)


def show_operations(root: Path, image: pd.Series, size: int, config: AugmentConfig, lenders: pd.Series) -> None:
    """Show what each operation of the settings does to an image by itself."""
    for operation in operations(config):
        st.header(operation.name, anchor=False)
        off = "" if operation.in_use else " It is off in these settings; this is what it would do."
        st.caption(f"{operation.meaning}{off}")
        _show_examples(root, image, size, operation.examples, lenders)


def _show_examples(root: Path, image: pd.Series, size: int, examples: tuple[Example, ...], lenders: pd.Series) -> None:
    file = root / image["path"]
    shares = [share for each in examples for share in (each.change.field_from, each.change.colours_from)]
    rows = sorted({int(share * len(lenders)) for share in shares if share is not None})
    lent = tuple((row, str(root / lenders.iloc[row])) for row in rows)
    rendered = _rendered(str(file), stamp(file), size, examples, lent, len(lenders))
    captions = [for_page(example.caption) for example in examples]
    gallery(rendered, captions, [f"{image['label']} smear, {example.caption}" for example in examples], lossless=True)


@st.cache_data(max_entries=128, show_spinner=False)
def _rendered(
    path: str, version: Stamp, size: int, examples: tuple[Example, ...], lent: tuple[tuple[int, str], ...], lenders: int
) -> list[bytes]:
    """Return the examples applied to an image file, as PNG; `lent` has those of so many `lenders` that are needed."""
    image, files = decode(Path(path)), dict(lent)
    cells = find_cells(image) if any(_changes_field(example.change) for example in examples) else None
    lending = Lenders(
        lambda row: decode(Path(files[row])), lambda row: find_cells(decode(Path(files[row]))), np.arange(lenders)
    )
    return [png(apply_change(image, size, example.change, example.border, cells, lending)) for example in examples]


def _changes_field(change: Change) -> bool:
    return change.field_from is not None or change.plain_field is not None
