"""What image size buys and costs, the paper's tables beside."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from allcore.evaluation.tradeoff.points import TradeoffPoint, on_front
from allcore.number_text import per_cent
from allcore.paper import NATIVE_SIZE, TABLE_1, TABLE_2
from allcore.reporting.colours import PAPER, sequence_colours

_PANELS = (
    ("accuracy", "test accuracy (%)", "%{hovertext}"),
    ("training_minutes", "training time (min)", "%{y:.1f} min"),
    ("latency_ms", "time for one image (ms)", "%{y:.1f} ms"),
    ("memory_gb", "memory (GB)", "%{y:.2f} GB"),
    ("parameters_millions", "parameters (millions)", "%{y:.1f} million"),
)
COSTS = {column: title for column, title, _ in _PANELS if column != "accuracy"}
"""What accuracy may be held against: columns of `tradeoff_table`, and what they are called."""
_OURS, _FRONT = sequence_colours(2)
_PAPER_ROWS = sorted(TABLE_1, key=lambda row: row.image_size)
_MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}
_PARETO_HEIGHT = 460
_BELOW = {"orientation": "h", "yanchor": "bottom", "yref": "container", "y": 0, "x": 0}
_MINUTES = [digit * 10.0**power for power in range(-2, 5) for digit in (1, 2, 5)]
_LOGARITHMIC = {"type": "log", "tickvals": _MINUTES, "ticktext": [f"{minutes:g}" for minutes in _MINUTES]}
_PAPER_MARKER = {"color": PAPER, "symbol": "diamond", "size": 9}


def differently_tested(points: Sequence[TradeoffPoint]) -> str:
    """Return in a sentence that not all points are accuracies of the same images and labels; '' where they are."""
    if len({point.tested for point in points}) <= 1:
        return ""
    return (
        "These runs were not all tested on the same images under the same labels: between such runs a difference of "
        "accuracy may be one of the images."
    )


def published_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracies of the paper's Table 2 with those of `tradeoff_table` below: source, accuracy, low, high.

    In per cent; low and high are nan where nothing of an interval is published.
    """
    rows = [(source, 100 * accuracy, math.nan, math.nan) for source, values in TABLE_2 for accuracy in values]
    ours = table.sort_values("image_size_px", ascending=False)
    sources = [f"{run}, {size} px" for run, size in zip(ours["run"], ours["image_size_px"], strict=True)]
    measured = zip(sources, *(100 * ours[name] for name in ("accuracy", "accuracy_low", "accuracy_high")), strict=True)
    return pd.DataFrame([*rows, *measured], columns=["source", "accuracy", "low", "high"])


def size_figure(table: pd.DataFrame, *, joined: bool) -> go.Figure:
    """Return accuracy and each cost against image size, one panel below the other.

    `table` is that of `evaluation.tradeoff.points.tradeoff_table`; the runs of one study are `joined` by a line.
    Where all runs are of the ALL images, sizes above theirs are open markers on a shaded ground, up-sampled. The
    paper's Table 1 stands beside where it may stand beside all runs.
    """
    panels = [panel for panel in _PANELS if table[panel[0]].notna().any()]
    figure = make_subplots(rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.03)
    for row, (column, title, hover) in enumerate(panels, start=1):
        figure.add_trace(_ours(table, column, hover, joined=joined, legend=row == 1), row=row, col=1)
        figure.update_yaxes(title=title, rangemode="tozero", row=row, col=1)
    beside_paper = bool(table["beside_paper"].all())
    if beside_paper:
        _add_paper(figure, panels)
    if table["up_sampled"].notna().all():
        sizes = (row.image_size for row in TABLE_1) if beside_paper else ()
        largest = max(int(table["image_size_px"].max()), NATIVE_SIZE, *sizes)
        _mark_native(figure, largest, lowest_panel=len(panels))
    figure.update_yaxes(rangemode="normal", row=1, col=1)
    if panels[1][0] == "training_minutes":
        figure.update_yaxes(**_LOGARITHMIC, row=2, col=1)
    figure.update_xaxes(title="image size (px a side)", row=len(panels), col=1)
    height = 110 + 190 * len(panels)
    figure.update_layout(height=height, margin=_MARGIN, legend=_BELOW)
    return figure


def pareto_figure(table: pd.DataFrame, cost: str = "training_minutes") -> go.Figure:
    """Return test accuracy with its interval against a cost, the Pareto front as a line.

    `cost` is a column of `COSTS`; rows where it is not known are left out. The paper's Table 1 stands beside training
    times where it may stand beside all runs.
    """
    known = table[table[cost].notna()]
    best = known[on_front(known, cost)].sort_values(cost)
    several = table["network"].nunique() > 1
    named = [f"{row['network']}, {row['image_size_px']} px" if several else f"{row['image_size_px']} px"
             for row in known.to_dict("records")]  # fmt: skip
    of_cost = next(hover for column, _, hover in _PANELS if column == cost).replace("%{y", "%{x")
    figure = go.Figure()
    figure.add_scatter(
        x=best[cost], y=100 * best["accuracy"], mode="lines", line={"color": _FRONT, "shape": "hv"},
        name="Pareto front", hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=known[cost], y=100 * known["accuracy"], error_y=_interval(known), mode="markers+text",
        marker={"color": _OURS, "size": 10, "symbol": _symbols(known)},
        text=named, textposition="bottom right", customdata=known["run"],
        name="runs, 95 % interval",
        hovertext=[per_cent(accuracy, 1) for accuracy in known["accuracy"]],
        hovertemplate=f"%{{text}}<br>%{{hovertext}}, {of_cost}<br>%{{customdata}}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        height=_PARETO_HEIGHT, margin=_MARGIN, legend=_BELOW, xaxis={"title": COSTS[cost], "rangemode": "tozero"},
        yaxis={"title": "test accuracy (%)"},
    )  # fmt: skip
    if cost == "training_minutes":
        figure.update_xaxes(title=f"{COSTS[cost][:-1]}, logarithmic)", **_LOGARITHMIC)
    if cost == "training_minutes" and table["beside_paper"].all():
        figure.add_scatter(
            x=[row.training_seconds / 60 for row in _PAPER_ROWS], y=[100 * row.accuracy for row in _PAPER_ROWS],
            mode="markers", marker=_PAPER_MARKER, text=[f"{row.image_size} px" for row in _PAPER_ROWS],
            name="the paper, Table 1, on its own GPU and images",
            hovertemplate="%{text}<br>%{y:.1f} % after %{x:.0f} min<extra>the paper</extra>",
        )  # fmt: skip
    return figure


def _ours(table: pd.DataFrame, column: str, hover: str, *, joined: bool, legend: bool) -> go.Scatter:
    return go.Scatter(
        x=table["image_size_px"],
        y=100 * table[column] if column == "accuracy" else table[column],
        error_y=_interval(table) if column == "accuracy" else None,
        mode="lines+markers" if joined else "markers",
        line={"color": _OURS},
        marker={"color": _OURS, "size": 9, "symbol": _symbols(table)},
        customdata=table["run"],
        hovertext=[per_cent(accuracy, 1) for accuracy in table["accuracy"]],
        name="runs (open: up-sampled)" if "circle-open" in _symbols(table) else "runs",
        legendgroup="runs",
        showlegend=legend,
        hovertemplate=f"%{{x}} px: {hover}<br>%{{customdata}}<extra></extra>",
    )


def _add_paper(figure: go.Figure, panels: Sequence[tuple[str, str, str]]) -> None:
    values = {
        "accuracy": [100 * row.accuracy for row in _PAPER_ROWS],
        "training_minutes": [row.training_seconds / 60 for row in _PAPER_ROWS],
    }
    for row, (column, _, hover) in enumerate(panels, start=1):
        if column in values:
            figure.add_scatter(
                x=[size.image_size for size in _PAPER_ROWS], y=values[column], mode="lines+markers",
                line={"color": PAPER, "dash": "dot"}, marker=_PAPER_MARKER, name="the paper, Table 1",
                legendgroup="paper", showlegend=row == 1, row=row, col=1,
                hovertext=[per_cent(size.accuracy, 1) for size in _PAPER_ROWS],
                hovertemplate=f"%{{x}} px: {hover}<extra>the paper</extra>",
            )  # fmt: skip


def _mark_native(figure: go.Figure, largest: int, lowest_panel: int) -> None:
    through_all_panels = {"xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    figure.add_shape(
        type="line", x0=NATIVE_SIZE, x1=NATIVE_SIZE, line={"color": PAPER, "width": 1, "dash": "dash"},
        **through_all_panels,
    )  # fmt: skip
    figure.add_shape(
        type="rect", x0=NATIVE_SIZE, x1=largest + 20, fillcolor=PAPER, opacity=0.12, line_width=0,
        **through_all_panels,
    )  # fmt: skip
    for text, side, shift in ((f"native, {NATIVE_SIZE} px", "right", -4), ("up-sampled", "left", 4)):
        figure.add_annotation(
            x=NATIVE_SIZE, xref="x", y=0, yref=f"y{lowest_panel} domain", text=text, showarrow=False, xanchor=side,
            yanchor="bottom", xshift=shift,
        )  # fmt: skip


def _symbols(table: pd.DataFrame) -> list[str]:
    return ["circle-open" if up_sampled is True else "circle" for up_sampled in table["up_sampled"].to_list()]


def _interval(table: pd.DataFrame) -> dict[str, object]:
    return {
        "type": "data", "symmetric": False, "thickness": 1.2,
        "array": 100 * (table["accuracy_high"] - table["accuracy"]),
        "arrayminus": 100 * (table["accuracy"] - table["accuracy_low"]),
    }  # fmt: skip
