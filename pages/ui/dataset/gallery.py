"""The images of a variant as thumbnails, narrowed by what is chosen, a page at a time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from pages.ui.dataset.filter import choose_gallery_page, filter_images
from pages.ui.shared.gallery import PER_PAGE, thumbnails


def show_gallery(rows: pd.DataFrame, labels: tuple[str, ...], root: Path, variant: str, *, cells: bool) -> None:
    """Show the chosen images a page at a time; `cells` says whether they can hold nucleated cells to be outlined."""
    chosen = filter_images(rows, labels)
    if chosen.empty:
        st.info("No image matches all that is chosen above.", title="No image")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"{len(chosen):,} of {len(rows):,} files", width="content")
        outlines = cells and st.toggle("Outline the nucleated cells", key="outlines", bind="query-params")
        page = choose_gallery_page(len(chosen), root, variant)
    thumbnails(chosen.iloc[(page - 1) * PER_PAGE : page * PER_PAGE], root, outlines=outlines)
