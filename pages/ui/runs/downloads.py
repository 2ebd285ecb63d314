"""A run's files, to be downloaded."""

from __future__ import annotations

import streamlit as st

from allcore.number_text import memory
from allcore.runs.folder.downloads import downloads
from allcore.runs.folder.store import Run
from allcore.text import for_page


def show_downloads(run: Run) -> None:
    """Show a button a file that is there, and where all of the run is."""
    with st.container(horizontal=True):
        for each in downloads(run):
            name = each.path.name
            st.download_button(
                f"{name}, {memory(each.size)}", each.read, name, key=f"file-{name}", icon=":material/download:",
                on_click="ignore",
            )  # fmt: skip
    st.caption(for_page(f"All of the run is in {run.folder}"))
