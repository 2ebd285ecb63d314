"""The files of a variant, a row each, with all that Dataset says of them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allcore.data.browse import browse, place_in_split
from allcore.data.catalog import Catalog
from allcore.data.splits.split import Split
from allcore.errors import RunError
from allcore.runs.folder.store import Run
from allcore.text import for_page
from pages.ui.known.cells import hold_no_cells
from pages.ui.known.workspace import relations
from pages.ui.shared.gallery import NOT_COUNTED


def split_of(run: Run | None) -> Split | None:
    """Return the split of the chosen run; None, with the reason, when it cannot be read."""
    try:
        return None if run is None else run.split
    except RunError as error:
        st.warning(for_page(str(error)), title="This run's split cannot be shown")
        return None


def browsed(images: Catalog, variant: str, split: Split | None, cells: pd.DataFrame | None) -> pd.DataFrame:
    """Return the rows of `browse`, with places in a split and numbers of nucleated `cells` where these are known."""
    rows = browse(images, relations(images, variant), variant)
    if split is not None:
        rows["split"] = place_in_split(rows, split)["split"]
    if cells is not None and not hold_no_cells(cells):
        rows["cells"] = NOT_COUNTED
        rows.loc[rows["problem"] == "", "cells"] = cells["cells"].to_numpy()
    return rows
