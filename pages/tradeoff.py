"""Trade-off: what image size buys and what it costs, for a sweep or all succeeded runs, beside the paper's Table 1."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.errors import InputError, RunError
from allcore.evaluation.recorded import recorded_at
from allcore.evaluation.tradeoff import TradeoffPoint, sweeps, tradeoff_point, tradeoff_table
from allcore.inference.latency import latency
from allcore.inference.network import open_network
from allcore.paper import NATIVE_SIZE
from allcore.reporting.tradeoff import pareto_figure, size_figure
from allcore.runs.status import ACTIVE
from allcore.runs.store import Run
from pages.ui import show
from pages.ui.state import executor

ALL = "all succeeded runs"
SECONDS = 3
COLUMNS = {
    "image_size_px": st.column_config.NumberColumn("image size (px)", format="%d"),
    "up_sampled": st.column_config.CheckboxColumn("up-sampled"),
    "accuracy": st.column_config.NumberColumn("accuracy", format="%.4f"),
    "accuracy_low": st.column_config.NumberColumn("95 % from", format="%.4f"),
    "accuracy_high": st.column_config.NumberColumn("to", format="%.4f"),
    "training_minutes": st.column_config.NumberColumn("training (min)", format="%.2f"),
    "latency_ms": st.column_config.NumberColumn("latency (ms)", format="%.1f"),
    "memory_gb": st.column_config.NumberColumn("memory (GB)", format="%.2f"),
    "parameters_millions": st.column_config.NumberColumn("parameters (millions)", format="%.2f"),
    "on_front": st.column_config.CheckboxColumn("Pareto front"),
    "test_images": st.column_config.NumberColumn("test images"),
}


@st.cache_data(max_entries=200, show_spinner="Scoring the runs …")
def _point(folder: str, written: int) -> TradeoffPoint:
    return tradeoff_point(Run(Path(folder)))


@st.cache_data(max_entries=200, show_spinner="Timing one image …")
def _latency(model: str, written: int) -> float:
    return latency(open_network(Path(model)))


def _points(runs: list[Run], timed: bool) -> tuple[list[TradeoffPoint], list[str]]:
    """Return the points of the runs, with latency where it is wanted, and why some have none."""
    points, problems = [], []
    for run in runs:
        try:
            point = _point(str(run.folder), recorded_at(run))
            if timed:
                model = run.served_model
                point = replace(point, latency_seconds=_latency(str(model), model.stat().st_mtime_ns))
            points.append(point)
        except InputError as error:
            problems.append(str(error))
    return points, problems


def _states(runs: list[Run]) -> dict[str, str]:
    return {run.id: _state(run) for run in runs}


def _state(run: Run) -> str:
    try:
        return run.status().state
    except RunError:
        return "damaged"


def _under_way(run: Run) -> dict[str, object]:
    status = run.status()
    return {
        "run": run.id,
        "image size (px)": run.config.image_size,
        "state": status.state,
        "epochs": f"{status.epoch} of {status.epochs}",
        "minutes left": None if status.eta_seconds is None else status.eta_seconds / 60,
    }


@st.fragment(run_every=SECONDS)
def _follow(runs: list[Run], states: dict[str, str]) -> None:
    """List the runs that are queued or running; draw the whole page anew once a run has changed its state."""
    if _states(runs) != states:
        st.rerun()
    rows = []
    for run in runs:
        with suppress(RunError):  # deleted, or damaged, since the states were read
            rows += [_under_way(run)] if states[run.id] in ACTIVE else []
    show.table(
        pd.DataFrame(rows),
        "under-way",
        "Runs that are queued or running",
        {"minutes left": st.column_config.NumberColumn(format="%.1f")},
        placeholder="",
    )


st.title("Trade-off")
every_run = executor().store.runs()
if not every_run:
    st.info("Launch a sweep of image sizes on the Train page.", title="No run yet")
    st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
    st.stop()
by_name = sweeps(every_run)
name = st.selectbox("Runs", [*by_name, ALL], key="sweep", bind="query-params")
runs = by_name.get(name, every_run)
states = _states(runs)
succeeded = [run for run in runs if states[run.id] == "succeeded"]
active = sum(state in ACTIVE for state in states.values())
others = len(runs) - len(succeeded) - active
st.caption(
    f"{len(succeeded)} of {len(runs)} runs succeeded"
    + (f", {active} queued or running (listed at the end of this page, which fills by itself)" if active else "")
    + (f", {others} ended otherwise or cannot be read (the Runs page says more)" if others else "")
    + "."
)
timed = st.toggle(
    "Measure latency",
    key="latency",
    bind="query-params",
    disabled=not succeeded,
    help="One image through each served model on this machine, the median of five calls; a training slows it.",
)
points, problems = _points(succeeded, timed)
if problems:
    st.warning("\n".join(f"- {show.plain(problem)}" for problem in problems), title="These runs are left out")

if points:
    table = tradeoff_table(points)
    if table[["dataset", "split"]].drop_duplicates().shape[0] > 1:
        st.caption("These runs differ in dataset or split: their accuracies are of different test images.")
    st.subheader("Against image size", anchor=False)
    show.figure(
        size_figure(table, joined=name != ALL),
        f"image-size-{name}",
        "Test accuracy, training time, memory and parameters against image size, the paper's Table 1 beside",
    )
    st.caption(
        f"The paper's images are {NATIVE_SIZE} px a side; larger sizes are up-sampled. Training time is the sum over "
        "the epochs, the paper's on its laptop GPU. Memory is the most in use while training, by the process on a CPU "
        "or on the fullest GPU."
    )
    st.subheader("Accuracy against training time", anchor=False)
    show.figure(
        pareto_figure(table),
        f"pareto-{name}",
        "Test accuracy with its interval against training time, with the Pareto front",
    )
    st.caption("A run is on the Pareto front when no other is as accurate in as little training time.")
    show.table(table, f"tradeoff-{name}", "Accuracy and costs of each run", COLUMNS, placeholder="")
else:
    st.info("The figures fill as runs succeed.", title="No finished run yet")

if active:
    st.subheader("Under way", anchor=False)
    _follow(runs, states)
