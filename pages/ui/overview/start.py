"""What to do first: look at images, bring images, train and predict."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from allcore.text import for_page
from pages.ui.shared.get_dataset import draw_button

_LINKS = 4


def show_start(datasets: Sequence[str], *, is_released: bool, can_predict: bool) -> None:
    """Show a card a step; one step names a released model where there is one, and leads to Predict with any model."""
    cards = st.grid(3, min_column_width=260, border=True)
    with cards.cell():
        st.markdown("**1. Look at smears**")
        _show_datasets(datasets)
    with cards.cell():
        st.markdown("**2. Bring real images**")
        st.caption("A folder, a zip, or the ALL images from Kaggle.")
        st.page_link("pages/dataset.py", label="Get a dataset", icon=":material/download:")
    with cards.cell():
        st.markdown("**3. Train, then predict**")
        st.caption("Training runs in the background; the quick preset takes minutes.")
        st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
        if is_released:
            st.caption("The released model predicts without any training.")
        if can_predict:
            st.page_link("pages/predict.py", label="Predict an image", icon=":material/troubleshoot:")


def _show_datasets(names: Sequence[str]) -> None:
    if not names:
        st.caption("No images yet? Draw synthetic smears of four classes in seconds. They are only for trying the app.")
        draw_button()
        return
    st.caption("Browse the images class by class.")
    for name in names[:_LINKS]:
        st.page_link(
            "pages/dataset.py", label=f"Browse {for_page(name)}", icon=":material/photo_library:",
            query_params={"data": name},
        )  # fmt: skip
