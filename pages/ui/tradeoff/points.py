"""What runs of several sizes cost and are worth, wherever their points come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from allcore.data.known_images import OF_DRAWN
from allcore.evaluation.tradeoff.points import TradeoffPoint, on_front, tradeoff_table
from allcore.number_text import listed
from allcore.paper import NATIVE_SIZE
from allcore.reporting.shortcuts import draw_shortcuts, shortcut_note
from allcore.reporting.tradeoff import COSTS, pareto_figure, published_table, size_figure
from pages.ui import show

_POINTS = {
    "image_size_px": st.column_config.NumberColumn("image size (px)", format="%d"),
    "up_sampled": st.column_config.CheckboxColumn("up-sampled"),
    "epochs": st.column_config.NumberColumn("epochs", format="%d"),
    "accuracy": show.per_cent_column("accuracy (%)"),
    "accuracy_low": show.per_cent_column("95 % from"),
    "accuracy_high": show.per_cent_column("to"),
    "training_minutes": st.column_config.NumberColumn("training (min)", format="%.1f"),
    "latency_ms": st.column_config.NumberColumn("time for one image (ms)", format="%.1f"),
    "memory_gb": st.column_config.NumberColumn("memory (GB)", format="%.1f"),
    "parameters_millions": st.column_config.NumberColumn("parameters (millions)", format="%.1f"),
    "test_images": st.column_config.NumberColumn("test images"),
}
_PUBLISHED = {
    "accuracy": show.per_cent_column("accuracy (%)", decimals=2),
    "low": show.per_cent_column("95 % from", decimals=2),
    "high": show.per_cent_column("to", decimals=2),
}


def show_points(
    points: Sequence[TradeoffPoint], name: str, shortcuts: Mapping[str, float] | None = None, *, joined: bool
) -> None:
    """Show points against image size and training time, and as a table; files are called by `name`.

    The runs of one study are `joined` by a line where all have as many epochs. `shortcuts`, accuracies by name, are
    drawn beside; they are of the points' test images.
    """
    table = tradeoff_table(points)
    if any(point.images == "drawn" for point in points):
        st.caption(OF_DRAWN)
    if table["network"].nunique() == 1:
        _show_sizes(table, name, shortcuts, joined=joined)
    cost = _show_costs(table, name, shortcuts)
    in_per_cent = {column: 100 * table[column] for column in ("accuracy", "accuracy_low", "accuracy_high")}
    costs = table.assign(**in_per_cent)
    if costs["up_sampled"].isna().all():
        costs = costs.drop(columns="up_sampled")
    costs = costs.drop(columns="beside_paper")
    front = f"on_front_of_{cost}"
    costs.insert(list(costs.columns).index("test_images"), front, on_front(table, cost))
    columns = _POINTS | {front: st.column_config.CheckboxColumn(f"Pareto front of {_called(cost)}")}
    show.table(costs, f"tradeoff-{name}", "Accuracy and costs of each run", columns, placeholder="")
    if table["beside_paper"].all():
        _show_published(table, name)


def _show_published(table: pd.DataFrame, name: str) -> None:
    """Show the accuracies of the paper's Table 2 with those of the runs."""
    st.header("Beside published results", anchor=False)
    st.caption("The paper's Table 2, each on its own images and split, then these runs with their 95 % intervals.")
    show.table(
        published_table(table), f"published-{name}", "Accuracy in the paper's Table 2 and of each run", _PUBLISHED,
        placeholder="",
    )  # fmt: skip


def _show_sizes(table: pd.DataFrame, name: str, shortcuts: Mapping[str, float] | None, *, joined: bool) -> None:
    """Show accuracy and each cost against image size, for runs of one network."""
    st.header("Against image size", anchor=False)
    alike = table["epochs"].nunique() == 1
    beside_paper = bool(table["beside_paper"].all())
    known = ("the paper's Table 1" if beside_paper else "", "" if shortcuts is None else "shortcut baselines")
    beside = listed([each for each in known if each])
    show.figure(
        partial(_size_figure, table, shortcuts, joined=joined and alike),
        f"image-size-{name}",
        "Test accuracy with its interval, training time, memory and parameters against image size"
        + (f", {beside} beside" if beside else ""),
    )
    if shortcuts is not None:
        st.caption(shortcut_note(table, shortcuts))
    papers = "; the paper's was measured on a laptop GPU" if beside_paper else ""
    st.caption(
        f"Bars are 95 % intervals. {_about_sizes(table)}Training time is the sum over the epochs"
        f"{papers}. Memory is the most that training used, of the process on a CPU or of the fullest GPU."
    )
    if not alike:
        trained = ", ".join(f"{row['image_size_px']} px for {row['epochs']}" for row in table.to_dict("records"))
        st.caption(f"These runs differ in the number of epochs as well as in size: {trained}.")


def _about_sizes(table: pd.DataFrame) -> str:
    """Return what is known of the images' own size, with a space behind it."""
    if table["up_sampled"].isna().all():
        return ""
    return f"The paper's images are {NATIVE_SIZE} px wide; larger sizes only enlarge them. "


def _show_costs(table: pd.DataFrame, name: str, shortcuts: Mapping[str, float] | None) -> str:
    """Show accuracy against one of the costs that are known, as the user chooses, and return which."""
    known = [cost for cost in COSTS if table[cost].notna().any()]
    st.header("Accuracy against its cost", anchor=False)
    cost = str(
        st.segmented_control(
            "Cost", known, default=known[0], required=True, format_func=_called, key="price", bind="query-params"
        )
    )
    show.figure(
        partial(_cost_figure, table, cost, shortcuts), f"pareto-{name}",
        f"Test accuracy with its interval against {COSTS[cost]}, with the Pareto front",
    )  # fmt: skip
    st.caption("A run is on the Pareto front when no other is as accurate at as low a cost.")
    return cost


def _called(cost: str) -> str:
    return COSTS[cost].partition(" (")[0]


def _size_figure(table: pd.DataFrame, shortcuts: Mapping[str, float] | None, *, joined: bool) -> go.Figure:
    figure = size_figure(table, joined=joined)
    if shortcuts is not None:
        draw_shortcuts(figure, table, shortcuts, row=1)
    return figure


def _cost_figure(table: pd.DataFrame, cost: str, shortcuts: Mapping[str, float] | None) -> go.Figure:
    figure = pareto_figure(table, cost)
    if shortcuts is not None:
        draw_shortcuts(figure, table, shortcuts)
    return figure
