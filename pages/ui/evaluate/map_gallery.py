"""Evaluate, the map: the images that were chosen on it, each a link to its own page on Dataset."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from allcore.data.class_names import in_order
from allcore.errors import DatasetError, ImageError
from allcore.runs.folder.store import Run
from allcore.text import counted, for_page
from pages.ui.shared.evidence_pictures import Look, picture

SHEET = 24
_AS_IT_IS = Look(0.0, outlines=False)


def show_chosen(run: Run, images: pd.DataFrame, *, nearest: bool) -> None:
    """Show rows of a `map_table`, a sheet of them at a time; `nearest`: the first with those nearest to it."""
    if nearest:
        name = for_page(Path(images["path"].iloc[0]).name)
        st.markdown(f"**{name}** and the {len(images) - 1} images nearest to it by features, of other fields")
    else:
        st.markdown(f"**{counted(len(images), 'image')}** chosen: {for_page(_in_words(images))}")
    first = 0
    if len(images) > SHEET:
        first = SHEET * (st.pagination(math.ceil(len(images) / SHEET), key="map_sheet") - 1)
    with st.grid("auto", min_column_width=120) as grid:
        for row in images.iloc[first : first + SHEET].to_dict("records"):
            with grid.cell(), st.container(gap=None):
                _tile(run, row)


def _in_words(images: pd.DataFrame) -> str:
    """Return how many images of each class there are, and how many of the predicted ones are wrong."""
    counts = images["label"].value_counts()
    by_class = ", ".join(f"{label} {counts[label]:,}" for label in in_order(counts.index))
    known = images["correct"].dropna()
    return f"{by_class}; {int((~known).sum()):,} of {counted(len(known), 'prediction')} wrong"


def _tile(run: Run, row: Mapping[Hashable, Any]) -> None:
    path, name = row["path"], Path(row["path"]).name
    variant = run.config.variant
    at = {"data": run.config.dataset, **({"variant": variant} if variant else {}), "image": path}
    said = f"predicted {row['predicted']}" if row["predicted"] else row["part"]
    try:
        st.image(
            picture(Path(run.config.dataset) / path, row["sha256"], None, None, "", _AS_IT_IS),
            width="stretch", alt=f"{row['label']} smear {name}, {said}", link=f"dataset?{urlencode(at)}",
        )  # fmt: skip
    except (DatasetError, ImageError) as error:
        st.caption(for_page(f"{name}: {error}"))
        return
    mark = ":red-badge[wrong] " if row["correct"] is False else ""
    st.caption(f"{mark}{for_page(row['label'])}, {for_page(said)}", text_alignment="center")
