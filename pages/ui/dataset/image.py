"""Dataset, an image's own page: the image large, all that is known about it, and its twins."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.cells.counts import cells_of
from allcore.cells.finder import find_cells
from allcore.data.browse import browse, place_in_split
from allcore.data.catalog import Catalog
from allcore.data.intake.images import decode
from allcore.data.splits.split import Split
from allcore.errors import ImageError, InputError
from allcore.files import Stamp, stamp
from allcore.number_text import per_cent
from allcore.runs.folder.store import Run
from allcore.text import counted, for_page
from pages.ui import show
from pages.ui.dataset.filter import show_neighbours
from pages.ui.dataset.map_link import link_to_map
from pages.ui.known.cells import hold_no_cells, known_cells
from pages.ui.known.workspace import asked_for_search, relations, searched_relations
from pages.ui.shared.gallery import PER_PAGE, close_image, picture, thumbnails
from pages.ui.shared.labels import show_judging, warn_of_lost_judgements


def show_image_page(images: Catalog, path: str, run: Run | None, split: Split | None) -> None:
    """Show one image large, all that is known about it, its place in the split of a run, and its twins."""
    position = images.table["path"] == path
    of_image = str(images.table.loc[position, "variant"].iloc[0])
    known = relations(images, of_image)
    rows = browse(images, known, of_image)
    row = rows[rows["path"] == path].iloc[0]
    placed = None
    if split is not None:
        rows["split"] = place_in_split(rows, split)["split"]
        placed = place_in_split(images.table[position], split).iloc[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All images", icon=":material/arrow_back:", on_click=close_image)
        show_neighbours(rows, images.labels[of_image], path, images.root, of_image)
    st.header(for_page(path), anchor=False)
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=420):
            if row["problem"]:  # it may be a link that leads out of what may be read
                st.warning(for_page(row["problem"]), title="This file is left out")
            else:
                _show_picture(images, row, of_image)
        with st.container(width=340):
            _show_links(images, row, run)
            if not row["problem"]:
                st.subheader("Is the label right?", anchor=False)
                warn_of_lost_judgements()
                show_judging(images, path, row["sha256"], "image")
            _show_twins(images, rows, row, searched=known.searched)
    _show_facts(row, placed)


def _show_links(images: Catalog, row: pd.Series, run: Run | None) -> None:
    """Lead to what other pages do with the image."""
    link = {"data": str(st.session_state["data"]), "variant": row["variant"], "image": row["path"]}
    with st.container(horizontal=True):
        st.page_link("pages/predict.py", label="Predict it", query_params=link)
        st.page_link("pages/augmentation.py", label="Augment it", query_params=link)
        if not row["problem"]:
            link_to_map("On the map", images.root, row["variant"], run, row["path"])


def _show_twins(images: Catalog, rows: pd.DataFrame, row: pd.Series, *, searched: bool) -> None:
    """Show the other images of the image's group; offer the search for shared fields where it was not `searched`."""
    twins = rows[(rows["group"] == row["group"]) & (rows["path"] != row["path"]) & (row["problem"] == "")]
    if len(twins):
        explained = "images of the same group: the same pixels, or the same field seen again"
        st.subheader("Its twins", anchor=False, help=explained)
        thumbnails(twins.head(PER_PAGE), images.root)
    elif searched:
        st.caption("No other image of this dataset shows the same field.")
    else:
        _offer_search(images, row["variant"])


def _show_facts(row: pd.Series, placed: pd.Series | None) -> None:
    """Show what is known of an image as a table; `placed` is its place in the split of a run, where one is chosen."""
    facts = {
        "class": row["label"] or None,
        "variant": row["variant"] or None,
        "part by its folder": row["part"] or None,
        "size": f"{row['width']} × {row['height']} px" if row["width"] else None,
        "mode": row["mode"] or None,
        "bytes": f"{row['bytes']:,}",
        "SHA-256": row["sha256"] or None,
        "overlap group": f"{row['group']} ({row['twins'] + 1} images)" if row["twins"] else None,
        "stain cluster": row["stain"] or None,
        "problem": row["problem"] or None,
    }
    if placed is not None:
        facts |= {"part in the run": placed["split"] or "not in this run", "group in the run": placed["group"] or None}
    said = pd.DataFrame([(name, str(value)) for name, value in facts.items() if value is not None])
    narrow = {"fact": st.column_config.Column(width=150)}
    show.table(said.set_axis(["fact", "value"], axis=1), "image", "What is known about this image", narrow)


def _show_picture(images: Catalog, row: pd.Series, variant: str) -> None:
    """Show the image and, unless the dataset is known to hold no such cells, its nucleated cells."""
    file, place = images.root / row["path"], st.container()
    outlines = False
    if not hold_no_cells(known_cells(images, variant)):
        outlines = st.toggle("Outline the nucleated cells", key="outlines", bind="query-params")
        st.caption(_cells_in(file))
    with place:
        alt = f"{row['label']} smear, enlarged{', its nucleated cells outlined' if outlines else ''}"
        picture(file, alt, 420, outlines=outlines)


def _cells_in(file: Path) -> str:
    """Return in words how many nucleated cells an image file holds; nothing where it cannot be read."""
    try:
        cells, cut, area = _counted(str(file), stamp(file))
    except ImageError:  # the picture's place says why
        return ""
    if not cells:
        return "No nucleated cells were found."
    at_border = f", {cut} of them cut off by the border" if cut else ""
    return f"{counted(cells, 'nucleated cell')} on {per_cent(area, 0)} of the image{at_border}."


@st.cache_data(max_entries=500, show_spinner=False)
def _counted(path: str, version: Stamp) -> tuple[int, int, float]:
    return cells_of(find_cells(decode(Path(path))))


def _offer_search(images: Catalog, variant: str) -> None:
    """Say that shared fields were not looked for, and look for them when the user asks, or wait where they are."""
    st.caption("No image has the same pixels. Whether another shows the same field has not been looked for yet.")
    if not asked_for_search(images, variant):
        return
    try:
        searched_relations(images, variant)
    except InputError as error:
        st.error(for_page(str(error)), title="Shared fields could not be looked for")
    else:
        st.rerun()
