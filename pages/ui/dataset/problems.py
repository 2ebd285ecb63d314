"""The files of a dataset that cannot be used."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allcore.data.catalog import Catalog
from pages.ui import show
from pages.ui.known.workspace import forget_catalogs


def show_problems(images: Catalog) -> None:
    """Show which files cannot be used and why, and the button that reads the folder again."""
    problems = pd.DataFrame(images.not_used().items(), columns=["file", "why"])
    if problems.empty:
        st.success("Every file of this dataset can be used.", icon=":material/check:")
    else:
        st.write("These files are left out everywhere; the others are used.")
        show.table(problems, "problems", "Files that cannot be used, with the reason")
    st.button("Read the folder again", icon=":material/refresh:", on_click=forget_catalogs)
