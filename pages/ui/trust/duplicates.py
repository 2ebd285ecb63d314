"""Trust, exact duplicates: images with the same pixels, whatever their files are called."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from allcore.data.browse import duplicates
from allcore.text import counted, for_page
from pages.ui import show
from pages.ui.paging import choose_page
from pages.ui.shared.gallery import show_thumbnail
from pages.ui.trust.examined import Examined

_GROUPS_PER_PAGE = 8
IMAGES_PER_GROUP = 6


def show_duplicates(of: Examined) -> None:
    """Show groups of identical images side by side, a page at a time, and all of them as a table."""
    repeated = _duplicates(of, of.key)
    if repeated.empty:
        st.success("No two images of this variant have the same pixels.", icon=":material/check:")
        return
    labels = repeated.groupby("group")["label"].nunique()
    st.write(
        f"{len(repeated):,} images have the same pixels as another, whatever their files are called. They form "
        f"{counted(len(labels), 'group')}."
    )
    contradicting = int((labels > 1).sum())
    if contradicting:
        st.warning(
            f"{counted(contradicting, 'group holds', 'groups hold')} one picture under different classes; at least one "
            "label is wrong.",
            title="Labels contradict each other",
        )
    groups = list(labels.index)
    page = choose_page(math.ceil(len(groups) / _GROUPS_PER_PAGE), "groups_page", of.name)
    with st.grid("auto", min_column_width=330, border=True) as grid:
        for group in groups[(page - 1) * _GROUPS_PER_PAGE : page * _GROUPS_PER_PAGE]:
            with grid.cell():
                _show_group(of, repeated[repeated["group"] == group])
    show.table(repeated[["group", "label", "path"]], "exact-duplicates", "Images with identical pixels, by group")


@st.cache_data(max_entries=16, show_spinner=False)
def _duplicates(_of: Examined, key: str) -> pd.DataFrame:
    return duplicates(_of.images)


def _show_group(of: Examined, members: pd.DataFrame) -> None:
    shown = members.head(IMAGES_PER_GROUP)
    with st.container(horizontal=True):
        for path, label in zip(shown["path"], shown["label"], strict=True):
            name = path.rsplit("/", 1)[-1]
            with st.container(width=140):
                show_thumbnail(of.root / path, f"{label} smear {name}", for_page(f"{label}: {name}"))
    if len(shown) < len(members):
        st.caption(f"and {len(members) - len(shown)} more")
