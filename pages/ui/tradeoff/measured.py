"""What runs cost and are worth, kept between reruns, with the time for one image once that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from allcore.errors import InputError
from allcore.evaluation.predictions.recorded import recorded_at
from allcore.evaluation.tradeoff.points import TradeoffPoint, dataset_name, measured_latency, tradeoff_point
from allcore.runs.folder.store import Run
from allcore.studies.out_of_fold import model_of
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui.known.recorded import recorded_scores
from pages.ui.known.runs import run_at, watched


def measured_points(runs: Sequence[Run]) -> list[TradeoffPoint]:
    """Return the points of runs, with latency where the user asks for it; those without a point are named."""
    timed = _asked_for_latency(disabled=not runs)
    points, problems = [], []
    for run in runs:
        try:
            point = (_timed if timed else _point)(str(run.folder), recorded_at(run))
            points.append(replace(point, dataset=dataset_name(watched(run))))
        except InputError as error:
            problems.append(f"- {for_page(str(error))}")
    if problems:
        st.warning("\n".join(problems), title="These runs are left out")
    if timed and any(point.latency_seconds is None for point in points):
        st.caption("Where no model was kept, there is no time for one image.")
    return points


def _asked_for_latency(*, disabled: bool) -> bool:
    with st.container(horizontal=True, vertical_alignment="center"):
        timed = st.toggle(
            "Measure the time for one image", key="latency", bind="query-params", disabled=disabled,
            help="One image through each model on this machine, the median of five calls. A training in progress slows "
            "it.",
        )  # fmt: skip
        if timed:
            st.button(
                "Measure again", icon=":material/timer:", on_click=_timed.clear,
                help="What was measured while something else ran is too long.",
            )  # fmt: skip
    return timed


@st.cache_data(max_entries=10_000, show_spinner="Scoring the runs …")
def _point(folder: str, written: int) -> TradeoffPoint:
    run = run_at(folder)
    return tradeoff_point(run, recorded_scores(run))


@st.cache_data(max_entries=10_000, show_spinner="Timing one image …")
def _timed(folder: str, written: int) -> TradeoffPoint:
    return measured_latency(_point(folder, written), model_of(run_at(folder), open_workspace().runs))
