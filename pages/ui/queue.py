"""The runs that wait for the device or have it."""

from __future__ import annotations

import streamlit as st

from allcore.runs.summary import RunSummary
from pages.ui.guarded import guarded
from pages.ui.live import phase_text, refresh_every, runs, state_badge, states, summaries, watch


def show_queue() -> None:
    """Show queued and running runs, first come first; they keep themselves up to date while there are some."""
    st.header("Queue", anchor=False)
    watch(states(runs()))
    st.fragment(guarded("the queue")(_rows), run_every=refresh_every(_active()))()


def _active() -> list[RunSummary]:
    active = [summary for summary in summaries(runs()) if summary.is_active]
    return sorted(active, key=lambda summary: summary.status.queued_at if summary.status else 0.0)


def _rows() -> None:
    active = _active()
    if not active:
        st.caption("Nothing is queued or running.")
    for summary in active:
        with st.container(horizontal=True, vertical_alignment="center"):
            state_badge(summary.state)
            st.page_link("pages/runs.py", label=summary.id, icon="", query_params={"run": summary.id})
            st.caption(phase_text(summary), width="content")
