"""One run as it goes: state, progress, numbers, curves, log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from allcore.errors import InputError
from allcore.files import stamp
from allcore.number_text import duration, per_cent, speed
from allcore.reporting.training_curves import POINTS, QUANTITIES, Per, RunCurve, training_chart
from allcore.runs.folder.files import METRICS_FILE
from allcore.runs.folder.history import History
from allcore.runs.folder.store import Run
from allcore.runs.summary import RunSummary
from allcore.text import for_page
from allcore.tracking.record import read_mirrored
from pages.ui.known.runs import history, phase_text, places_in_the_queue, short_name, state_badge, summary
from pages.ui.show import per_cent_column, table

_LOG_LINES = 200
_LOG_HEIGHT = 300


def show_progress(run: Run, state: str) -> None:
    """Show what a run is doing, or what ended it; the whole page runs again once that is no longer `state`."""
    now = summary(run)
    if now.state != state:
        st.rerun()
    if now.state == "damaged":
        st.error(for_page(now.problem), title="This run is damaged")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(now.state)
        if now.is_active:
            st.caption(for_page(phase_text(now, places_in_the_queue())), width="content")
        st.caption(for_page(now.device), width="content")
    if now.is_active:
        st.progress(now.progress)
    if now.error:
        st.error(for_page(now.error), title="Why it ended")
    for warning in now.warnings:
        st.warning(for_page(warning))
    if (mirrored := read_mirrored(run.folder)) is not None:
        st.caption(for_page(f"MLflow: {mirrored.problem or mirrored.page}"))
    _show_numbers(now, history(run))


def show_curves(runs: Sequence[Run], per: Per, smoothing: float) -> None:
    """Show the curves of runs, one colour each; runs whose history cannot be read are left out and named."""
    curves, of = [], [per, str(smoothing)]
    for run in runs:
        try:
            written = stamp(run.folder / METRICS_FILE)
            curves.append(RunCurve(short_name(run), history(run), _validation_groups(run)))
            of.append(f"{run.folder} {curves[-1].name} {written} {curves[-1].validation_groups}")
        except (InputError, ValueError, TypeError, KeyError) as error:
            st.warning(for_page(f"{run.id} cannot be drawn: {error}"))
    if not any(len(curve.history.epochs if per == "epoch" else curve.history.batches) for curve in curves):
        st.caption(f"The curves begin when the first {per} is over.")
        return
    names = ", ".join(curve.name for curve in curves)
    with st.grid(2, min_column_width=340):
        for quantity, (spec, points) in _charts("\n".join(of), per, smoothing, curves).items():
            st.vega_lite_chart(
                None,
                spec | {"datasets": {POINTS: points}},
                key=f"{quantity}-per-{per}",
                alt=f"{quantity.capitalize()} per {per} of {names}",
            )
    parts = "Solid, dots: train; dashed, diamonds: validation, with its 95 % interval where one run is shown. "
    parts = parts if per == "epoch" else "Solid: train; dashed: validation, at the end of each epoch. "
    st.caption(f"{parts}Drag to move, Ctrl and wheel to zoom, double-click to see all.")


@st.cache_resource(max_entries=64, show_spinner=False)
def _charts(of: str, per: Per, smoothing: float, _curves: list[RunCurve]) -> dict[str, tuple[dict[str, Any], pa.Table]]:
    """Return the description and the points of the chart of each quantity that is known; who watches shares them."""
    charts = {quantity: training_chart(quantity, per, _curves, smoothing) for quantity in QUANTITIES}
    return {
        quantity: (chart.spec, pa.Table.from_pandas(chart.points))
        for quantity, chart in charts.items()
        if not chart.points["y"].isna().all()  # the GPU's memory, say, where there is none
    }


def show_log(run: Run) -> None:
    """Show the end of what the worker printed."""
    st.code(run.log_tail(_LOG_LINES) or "Nothing yet.", language=None, height=_LOG_HEIGHT, wrap_lines=True)


def show_epochs(run: Run) -> None:
    """Show the metrics of every epoch as a table."""
    epochs = history(run).epochs
    if epochs.empty:
        st.caption("The first epoch is not over yet.")
        return
    names = {
        "epoch": "Epoch", "loss": "Loss", "accuracy": "Accuracy (%)", "validation_loss": "Validation loss",
        "validation_accuracy": "Validation accuracy (%)", "learning_rate": "Learning rate",
        "images_per_second": "Images/s", "seconds": "Seconds",
    }  # fmt: skip
    in_per_cent = {name: 100 * epochs[name] for name in ("accuracy", "validation_accuracy") if name in epochs}
    shown = epochs[[name for name in names if name in epochs]].assign(epoch=epochs["epoch"] + 1, **in_per_cent)
    formats = {
        "epoch": "%d", "loss": "%.4f", "validation_loss": "%.4f", "learning_rate": "scientific",
        "images_per_second": "%.1f", "seconds": "%.0f",
    }  # fmt: skip
    table(
        shown, "epochs", "Loss, accuracy, learning rate and speed of every epoch",
        {
            name: per_cent_column(title)
            if name in in_per_cent
            else st.column_config.NumberColumn(title, format=formats.get(name))
            for name, title in names.items()
        },
    )  # fmt: skip


def _show_numbers(summary: RunSummary, of: History) -> None:
    trained = ("Trained for", of.training_seconds or 0.0)
    time = ("Time left", summary.eta_seconds) if summary.is_active else trained
    best = per_cent(summary.best_validation_accuracy, 1)
    with st.grid("auto", min_column_width=165):
        st.metric("Epochs", f"{summary.epoch} of {summary.epochs}", border=True)
        st.metric("Validation accuracy", best, border=True, help="The highest of any epoch.")
        st.metric("Images/s", speed(summary.images_per_second), border=True)
        st.metric(time[0], duration(time[1]), border=True)


def _validation_groups(run: Run) -> int | None:
    try:
        return run.split.groups("validation")
    except InputError:
        return None
