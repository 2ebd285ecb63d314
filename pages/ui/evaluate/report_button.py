"""A run's report and its model card, made when they are asked for."""

from __future__ import annotations

from functools import partial

import streamlit as st

from allcore.errors import InputError
from allcore.reporting.report import make_report
from allcore.reporting.report.facts import check_reportable
from allcore.runs.folder.store import Run
from allcore.text import for_page
from allcore.workspace import Workspace, open_workspace

_FILES = {
    "html": ("Report", ":material/description:", "text/html", "One HTML file in the order of the CLAIM checklist."),
    "md": (
        "Model card",
        ":material/badge:",
        "text/markdown",
        "Markdown, to be passed on together with the model.",
    ),
}


def show_report_button(run: Run) -> None:
    """Offer the files that `report RUN` and `report RUN --format md` write; or say why there can be none."""
    try:
        check_reportable(run, open_workspace())
    except InputError as error:
        st.warning(for_page(str(error)), title="No report can be made")
        return
    with st.container(horizontal=True):
        for form, (label, icon, kind, meaning) in _FILES.items():
            st.download_button(
                label, partial(_content, run, open_workspace(), form), f"{run.id}.{form}", kind,
                key=f"report-{form}", icon=icon, help=meaning, on_click="ignore",
            )  # fmt: skip


def _content(run: Run, of: Workspace, form: str) -> bytes:
    return make_report(run, of, form).content
