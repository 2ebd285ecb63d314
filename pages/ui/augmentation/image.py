"""Choosing the image whose changes are shown, by class and number."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allcore.data.catalog import Catalog
from allcore.text import for_page
from pages.ui import address
from pages.ui.choose_class import choose_class


def choose_image(images: Catalog, rows: pd.DataFrame) -> pd.Series:
    """Let the user choose an image by class and number (kept in the URL as `image`), and return its row."""
    paths = {str(label): of_class["path"].tolist() for label, of_class in rows.groupby("label")}
    wanted = st.query_params.get("image")
    found = rows[rows["path"] == wanted]
    if wanted is not None and found.empty:
        _say_what_is_wrong(wanted, images)
    row = rows.iloc[0] if found.empty else found.iloc[0]
    st.session_state["augmented_class"] = row["label"]
    st.session_state["augmented_number"] = paths[row["label"]].index(row["path"]) + 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose_class("Class", list(paths), required=True, key="augmented_class", on_change=_show_nth, args=(paths,))
        st.number_input(
            "Image of the class", 1, len(paths[row["label"]]), key="augmented_number", width=160,
            on_change=_show_nth, args=(paths,),
        )  # fmt: skip
    return row


def _show_nth(paths: dict[str, list[str]]) -> None:
    """Put the image of the class and number that were just chosen into the URL."""
    of_class = paths[st.session_state["augmented_class"]]
    address.put("image", of_class[min(st.session_state["augmented_number"], len(of_class)) - 1])


def _say_what_is_wrong(path: str, images: Catalog) -> None:
    """Say why an image that is asked for is not shown: it cannot be used, is of another variant, or is not there."""
    number = images.number_of(path)
    if number is None:
        st.warning(for_page(f"{path} is not an image of this dataset."), title="No such image")
    else:
        listed = images.table.iloc[number]
        problem = listed["problem"] or f"it is an image of the variant {listed['variant']}"
        st.warning(for_page(f"{path}: {problem}"), title="This image cannot be used")
