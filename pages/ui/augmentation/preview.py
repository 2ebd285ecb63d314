"""What settings do to an image of a dataset."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allcore.config import TrainConfig
from allcore.config_parts import AugmentConfig
from allcore.errors import ImageError
from allcore.text import for_page
from pages.ui.address import bound_number
from pages.ui.augmentation.examples import show_operations, show_random
from pages.ui.augmentation.image import choose_image
from pages.ui.augmentation.settings import augment_settings
from pages.ui.known.workspace import catalog
from pages.ui.shared.choose import choose_dataset, choose_variant

_LARGEST = 512
"""Pixels a side up to which a preview is made; training goes on to 1,024."""
_PAPER_SIZE = TrainConfig.model_fields["image_size"].default


def show_preview(*, alone: bool) -> None:
    """Show what the settings do to an image of a dataset: each operation `alone`, or all together at random."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        folder = choose_dataset()
        if folder is None:
            return
        images = catalog(folder)
        rows = images.images(choose_variant(images))
    if rows.empty:
        st.info("The Dataset page names what is wrong with each file.", title="No usable image in this dataset")
        st.page_link("pages/dataset.py", label="Dataset", icon=":material/photo_library:")
        return
    image = choose_image(images, rows)
    results, settings = st.columns([2, 1], gap="medium")
    with settings:
        size, config = _show_settings(image)
    with results:
        try:
            show = show_operations if alone else show_random
            show(images.root, image, size, config, rows["path"])
        except ImageError as error:
            st.warning(for_page(f"{image['path']}: {error}"), title="This file cannot be shown")


def _show_settings(image: pd.Series) -> tuple[int, AugmentConfig]:
    """Let the user choose the size and the settings, and carry them to the Train page."""
    with st.expander("Settings", expanded=True, icon=":material/tune:"):
        size = st.number_input("Image size (px)", 32, _LARGEST, _PAPER_SIZE, 2, key="size", bind=bound_number("size"))
        native = max(image["width"], image["height"])
        up_sampled = f"; up-sampled from {native} px" if size > native else ""
        st.caption(f"Pixels a side that the network sees{up_sampled}. Paper: {_PAPER_SIZE}.")
        config = augment_settings()
        if st.button("Use these settings", type="primary", icon=":material/check:", width="stretch"):
            st.session_state["augment"] = config.model_dump()
        if st.session_state.get("augment") == config.model_dump():
            st.page_link("pages/train.py", label="Train with them", icon=":material/model_training:", width="stretch")
    return size, config
