"""Dataset, the nucleated cells: how many each image and each class holds, counted once for a dataset."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from allcore.cells.counts import cells_by_class, cells_found, count_cells
from allcore.data.catalog import Catalog
from allcore.progress import Progress
from allcore.reporting.cell_counts import cell_counts_figure
from allcore.workspace import open_workspace
from pages.ui import show
from pages.ui.known.cells import forget_cells, hold_no_cells, known_cells
from pages.ui.shared_work import asked_for, make_and_show


def show_cells(of: Catalog, variant: str) -> None:
    """Show how many cells the images of a variant hold, or offer to count them, or wait where they are counted."""
    counts = known_cells(of, variant)
    if counts is None:
        _offer_count(of, variant)
        return
    st.markdown(f"**{cells_found(counts)}**")
    if hold_no_cells(counts):
        return
    images, classes = of.images(variant), of.labels[variant]
    by_class = cells_by_class(images, counts, classes)
    most = by_class.iloc[int(by_class["median"].argmax())]
    show.figure(
        partial(cell_counts_figure, list(images["label"]), list(counts["cells"]), list(by_class["class"])),
        "cells-per-image",
        f"Nucleated cells per image of each class; {most['class']} has most, {most['median']:g} in its median image",
    )
    show.table(
        by_class.assign(area=100 * by_class["area"]), "cells-by-class", "Nucleated cells of each class", _columns(),
    )  # fmt: skip
    st.header("Every image", anchor=False)
    each = pd.concat([images[["path", "label"]], counts.assign(area=100 * counts["area"])], axis=1)
    show.table(
        each.sort_values("cells", kind="stable"), "cells-by-image", "Nucleated cells of each image", {
            **_columns(), "path": "image", "label": "class",
        },
    )  # fmt: skip
    st.caption(
        "Cells are found from pixels alone, by their chromatin's colour against the background's; cut are those that "
        "the border cuts off. Some are missed and some dirt is taken for cells: the outlines show which."
    )


def _columns() -> dict[str, object]:
    return {
        "cut": st.column_config.NumberColumn("cut", help="at the image's border"),
        "least": st.column_config.NumberColumn("fewest", help="in an image"),
        "median": st.column_config.NumberColumn("median", help="of the class's images"),
        "most": st.column_config.NumberColumn("most", help="in an image"),
        "without": st.column_config.NumberColumn("without", help="images in which none is found"),
        "area": show.per_cent_column("area (%)", "that cells cover, in the mean"),
    }


def _offer_count(of: Catalog, variant: str) -> None:
    """Say that the cells are not counted, and count them when the user asks, or wait where they are being counted."""
    images, cache = of.images(variant), open_workspace().cache
    work = f"cells of {of.contents(variant)} in {cache}"
    st.caption("How many nucleated cells these images hold has not been counted yet.")
    hint = "Once for a dataset; some 50 images a second."
    if not asked_for(work, "Count the cells", icon=":material/search:", help=hint):
        return

    def count(progress: Progress) -> None:
        count_cells(of.root, images, cache, progress)
        forget_cells()

    make_and_show(work, "Finding the nucleated cells", "The cells are not counted", count)
