"""A run as it goes, alone or beside others: how its curves are drawn, and what keeps itself up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import streamlit as st

from allcore.reporting.training_curves import Per
from allcore.runs.folder.store import Run
from allcore.runs.summary import RunSummary
from pages.ui.guarded import guarded
from pages.ui.known.runs import refresh_every
from pages.ui.runs.view import show_curves, show_epochs, show_log, show_progress


def show_live(run: Run, known: Mapping[str, Run], now: Mapping[str, RunSummary]) -> list[str]:
    """Show how a run goes, beside those of the `known` runs that the user chooses; return their ids.

    What is `now` known of each is shown until the next look, while one of them goes on.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        per = st.segmented_control(
            "Curves per", ["Epoch", "Batch"], default="Epoch", required=True, key="per", bind="query-params"
        )
        smoothing = st.slider(
            "Smoothing (%)", 0, 95, 0, 5, key="smoothing", bind="query-params", width=160,
            help="The higher, the more each point is averaged with those before it (training curves only).",
        )  # fmt: skip
        readable = [one for one in known if one != run.id and now[one].state != "damaged"]
        compared = st.multiselect("Compare with", readable, key="with", bind="query-params", placeholder="No other run")
    watched = [now[one] for one in (run.id, *compared)]
    live = st.fragment(guarded("a run")(_show_run), run_every=refresh_every(watched))
    live(run, now[run.id].state, [known[one] for one in compared], cast(Per, str(per).lower()), smoothing / 100)
    return compared


def _show_run(run: Run, state: str, compared: Sequence[Run], per: Per, smoothing: float) -> None:
    """Show how a run goes, its curves with those of the compared runs, and its log."""
    head, curves = st.container(), st.container()  # places of their own: what comes above a chart must not remake it
    with head:
        show_progress(run, state)
    with curves:
        if drawn := [*([] if state == "damaged" else [run]), *compared]:
            show_curves(drawn, per, smoothing)
    log = st.expander("Log", on_change="rerun", key="log", icon=":material/terminal:")
    if log.open:
        with log:
            show_log(run)
    epochs = st.expander("Epochs as a table", on_change="rerun", key="epochs", icon=":material/table:")
    if epochs.open:
        with epochs:
            show_epochs(run)
