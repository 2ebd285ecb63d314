"""What a variant holds, in a few lines."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allcore.data.browse import held_out_twins, scaled_to_8_bits
from allcore.data.catalog import Catalog
from allcore.data.folder.parts import PARTS
from allcore.data.overlap import exact_duplicate_pairs
from allcore.text import counted


def show_facts(images: Catalog, rows: pd.DataFrame, labels: tuple[str, ...]) -> None:
    """Say how many images of which size and class a variant's rows are, and what is to be known of their files."""
    usable = rows[rows["problem"] == ""]
    _say_how_many(rows, usable, labels)
    for sentence in scaled_to_8_bits(usable):
        st.caption(sentence)
    if images.left_out:
        left_out = counted(len(images.left_out), "file was", "files were")
        st.caption(f"{left_out} left out at the import; see the tab Problems.")
    if images.has_parts:
        _say_divided(usable)


def _say_how_many(rows: pd.DataFrame, usable: pd.DataFrame, labels: tuple[str, ...]) -> None:
    sizes = usable[["width", "height"]].drop_duplicates()
    pairs, unusable = len(exact_duplicate_pairs(usable)), len(rows) - len(usable)
    size = _in_bold(len(sizes), "size")
    if len(sizes) == 1:
        size = f"**{sizes['width'].iloc[0]} × {sizes['height'].iloc[0]}** px"
    of_classes = _in_bold(len(labels), "class", "classes")
    st.markdown(
        f"{_in_bold(len(usable), 'usable image')} · {of_classes} · {size} · "
        f"{_in_bold(pairs, 'exact duplicate pair')} · {_in_bold(unusable, 'unusable file')}"
    )


def _in_bold(count: int, thing: str, things: str | None = None) -> str:
    number, _, named = counted(count, thing, things).partition(" ")
    return f"**{number}** {named}"


def _say_divided(usable: pd.DataFrame) -> None:
    """Say that the dataset's own folders make a split, and what of its held-out images stands in train too."""
    counts = [f"{int((usable['part'] == part).sum()):,} {part}" for part in PARTS]
    st.caption(
        f"The folders divide these images: {', '.join(counts)}. Train keeps that with the split protocol *folders*."
    )
    if twins := held_out_twins(usable):
        st.warning(
            "The same pixels are in train. Trust looks for images that show the same field as well.",
            title=f"{counted(twins, 'validation or test image is', 'validation or test images are')} in train too",
        )
