"""The settings of a run, or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from allcore.reporting.settings import compared_settings, settings_table
from allcore.runs.folder.store import Run
from allcore.runs.summary import RunSummary
from pages.ui.known.runs import short_name
from pages.ui.show import table


def show_settings(run: Run, summary: RunSummary, compared: Sequence[tuple[Run, RunSummary]]) -> None:
    """Show the settings of a run beside the paper's, or those of the compared runs, once that is opened."""
    with st.expander("Settings", icon=":material/tune:", on_change="rerun", key="settings") as settings:
        if not settings.open:
            return
        every = ((run, summary), *compared)
        both = {short_name(one): known.config for one, known in every if known.config is not None}
        if len(both) > 1:
            table(
                compared_settings(both), "settings", "Settings of the compared runs, those that differ first",
                {"setting": "Setting", "differs": st.column_config.CheckboxColumn("Differs")},
            )  # fmt: skip
        elif summary.config is not None:
            table(
                settings_table(summary.config), "settings",
                "Settings of the run, and the paper's where they are others",
                {"setting": "Setting", "value": "Value", "paper": "Paper, where different"},
            )  # fmt: skip
