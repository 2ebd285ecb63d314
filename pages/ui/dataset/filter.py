"""Dataset, which images are browsed, and in which order: chosen above the gallery, kept in the address."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.data.folder.parts import PARTS
from pages.ui import address
from pages.ui.choose_class import choose_class
from pages.ui.paging import choose_page, turn_to
from pages.ui.shared.gallery import PER_PAGE, open_image

EVERYTHING, TWINS, UNUSABLE = "Usable images", "With a twin", "Unusable files"
KINDS = (EVERYTHING, TWINS, UNUSABLE)
_PAGE = "page"


def filter_images(rows: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    """Let the user choose which images to see (in the address as `show`, `class` and `split`), and return their rows.

    `rows` has the columns of `browse`, and `split` where a run is chosen.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        shown = address.settle("show", KINDS, "kind of images", default=EVERYTHING)
        st.segmented_control("Show", KINDS, required=True, wrap=True, **address.follow("show", shown))
        label = address.settle("class", labels, "class")
        choose_class("Class", labels, **address.follow("class", label))
        if "split" in rows:
            split = address.settle("split", PARTS, "part")
            st.pills("Part", PARTS, wrap=True, **address.follow("split", split))
    return _chosen(rows, labels)


def choose_gallery_page(count: int, root: Path, variant: str) -> int:
    """Let the user choose a page of the gallery of `count` images that the address chooses (in it as `page`)."""
    return choose_page(max(1, math.ceil(count / PER_PAGE)), _PAGE, _gallery_of(root, variant))


def show_neighbours(rows: pd.DataFrame, labels: tuple[str, ...], path: str, root: Path, variant: str) -> None:
    """Lead from an image's own page to the one before and the one after it in the gallery that it was opened from."""
    paths = list(_chosen(rows, labels)["path"])
    if path in paths:  # and the gallery shows the page that holds it when one goes back
        turn_to(paths.index(path) // PER_PAGE + 1, _PAGE, _gallery_of(root, variant))
    else:  # opened from elsewhere
        paths = list(rows.loc[rows["problem"] == "", "path"])
    if path not in paths:
        return
    place = paths.index(path)
    _lead("Previous", ":material/chevron_left:", paths[place - 1 : place])
    _lead("Next", ":material/chevron_right:", paths[place + 1 : place + 2])
    st.caption(f"{place + 1:,} of {len(paths):,}", width="content")


def _gallery_of(root: Path, variant: str) -> str:
    """Return what tells the gallery that the address chooses from others."""
    return " ".join([str(root), variant, *(st.query_params.get(name, "") for name in ("show", "class", "split"))])


def _lead(label: str, icon: str, to: Sequence[str]) -> None:
    st.button(label, icon=icon, key=label.lower(), disabled=not to, on_click=open_image, args=tuple(to))


def _chosen(rows: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows that the address chooses, in the gallery's order."""
    shown = _asked("show", KINDS)
    keep = (rows["problem"] != "") if shown == UNUSABLE else (rows["problem"] == "")
    if shown == TWINS:
        keep &= rows["twins"] > 0
    if label := _asked("class", labels):
        keep &= rows["label"] == label
    if "split" in rows and (split := _asked("split", PARTS)):
        keep &= rows["split"] == split
    chosen = rows[keep]
    return chosen.sort_values(["group", "path"]) if shown == TWINS else chosen


def _asked(name: str, options: Sequence[str]) -> str | None:
    asked: str | None = st.query_params.get(name)
    return asked if asked in options else None
