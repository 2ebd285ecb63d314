"""The settings of a run, or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from allcore.reporting.settings import compared_settings, settings_table
from allcore.runs.folder.store import Run
from pages.ui.known.runs import short_name
from pages.ui.show import table


def show_settings(run: Run, state: str, compared: Sequence[Run]) -> None:
    """Show the settings of a run beside the paper's, or those of the compared runs, once that is opened."""
    with st.expander("Settings", icon=":material/tune:", on_change="rerun", key="settings") as settings:
        if not settings.open:
            return
        readable = [] if state == "damaged" else [run]
        both = {short_name(one): one.config for one in (*readable, *compared)}
        if len(both) > 1:
            table(
                compared_settings(both), "settings", "Settings of the compared runs, those that differ first",
                {"setting": "Setting", "differs": st.column_config.CheckboxColumn("Differs")},
            )  # fmt: skip
        elif readable:
            table(
                settings_table(run.config), "settings",
                "Settings of the run, and the paper's where they are others",
                {"setting": "Setting", "value": "Value", "paper": "Paper, where different"},
            )  # fmt: skip
