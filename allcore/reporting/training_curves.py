"""Charts of how training goes, of one run or of several, made to gain points while they are looked at.

They are Vega-Lite: a chart's description does not depend on its points, so that a page can hand over new points and the
chart keeps its place, its zoom and its pixels, which a Plotly figure, drawn anew as a whole, does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from allcore.evaluation.scoring.intervals import wilson
from allcore.reporting.colours import sequence_colours
from allcore.runs.folder.history import History

Per = Literal["epoch", "batch"]
HEIGHT = 280
"""Pixels without a legend, the same with and without points."""
LEGEND_ROW = 30
"""Pixels of a row of the legend, which stands below and must take nothing from the curves."""
_NAMES_A_ROW = 2
MAX_POINTS = 1_000
_DASHES = {"train": [1, 0], "validation": [6, 4]}
_SHAPES = {"train": "circle", "validation": "diamond"}  # a curve of one epoch has no line
_ZOOM = {
    "name": "zoom",
    "bind": "scales",
    "select": {
        "type": "interval",
        "encodings": ["x"],
        "translate": "[mousedown, window:mouseup] > window:mousemove!",
        "zoom": "wheel![event.ctrlKey]",
    },
}
_COLUMNS = {"run": "str", "part": "str", "x": "float64", "y": "float64", "low": "float64", "high": "float64"}


@dataclass(frozen=True)
class Quantity:
    """What a chart shows: its column in the history, its axis title with unit, how values are scaled and written."""

    column: str
    title: str
    written: str
    scale: float = 1.0
    ticks: str = ""
    validated: bool = False
    from_zero: bool = True


QUANTITIES = {
    "loss": Quantity("loss", "loss (cross-entropy, nats)", ".4f", validated=True),
    "accuracy": Quantity("accuracy", "accuracy (%)", ".2f", 100.0, validated=True, from_zero=False),
    "learning rate": Quantity("learning_rate", "learning rate", ".3g", ticks="~e"),
    "speed": Quantity("images_per_second", "speed (images/s)", ".1f"),
    "memory": Quantity("memory_bytes", "memory (GB)", ".2f", 1e-9),
}

POINTS = "points"
"""How a chart's description names its points. Unnamed ones come after the chart, and Vega warns of one without."""


@dataclass(frozen=True)
class RunCurve:
    """One run to be drawn: its name, its history, and how many groups it validates on (None leaves out intervals)."""

    name: str
    history: History
    validation_groups: int | None = None


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite description without data, and the points that belong to it."""

    spec: dict[str, Any]
    points: pd.DataFrame


def training_chart(quantity: str, per: Per, runs: Sequence[RunCurve], smoothing: float = 0.0) -> Chart:
    """Return the curves of one of `QUANTITIES`: train solid and round, validation dashed with diamonds, a colour a run.

    The points have run, part (train or validation), x (epochs from 1, or optimizer steps), y, low and high. Per batch,
    validation stands at the last step of its epoch, and long curves are averaged to `MAX_POINTS`. `smoothing` (0 to
    below 1) is the weight of what came before in a moving average of train. One run's validation accuracy has its 95 %
    interval (Wilson, with groups as trials). Dragging moves a chart along x, Ctrl and wheel (or a pinch) zoom it, a
    double click undoes both.
    """
    what = QUANTITIES[quantity]
    parts = ["train", "validation"] if what.validated else ["train"]
    tables = [_points(run, what, per, part, smoothing) for run in runs for part in parts]
    points = pd.concat([pd.DataFrame(columns=list(_COLUMNS)), *tables], ignore_index=True).astype(_COLUMNS)
    groups = runs[0].validation_groups if len(runs) == 1 and quantity == "accuracy" and per == "epoch" else None
    if groups:
        validated = points["part"] == "validation"
        low, high = wilson(points.loc[validated, "y"] / 100 * groups, groups)
        points.loc[validated, "low"], points.loc[validated, "high"] = 100 * low, 100 * high
    return Chart(_spec(what, per, [run.name for run in runs], parts, banded=bool(groups)), points)


def _points(run: RunCurve, what: Quantity, per: Per, part: str, smoothing: float) -> pd.DataFrame:
    epochs, batches = run.history.epochs, run.history.batches
    if per == "batch" and part == "validation" and len(epochs) and len(batches):
        last = batches.groupby("epoch")["global_step"].max()
        epochs = epochs[epochs["epoch"].isin(last.index)].assign(global_step=lambda rows: rows["epoch"].map(last))
    table = epochs if per == "epoch" or part == "validation" else batches
    column = what.column if part == "train" else f"validation_{what.column}"
    if column not in table or (per == "batch" and "global_step" not in table):
        return pd.DataFrame(columns=list(_COLUMNS))
    x = table["epoch"].to_numpy(float) + 1 if per == "epoch" else table["global_step"].to_numpy(float)
    values = pd.to_numeric(table[column]).astype(float)
    if part == "train" and smoothing:
        values = values.ewm(alpha=1 - smoothing).mean()
    x, y = _thinned(x, what.scale * values.to_numpy())
    return pd.DataFrame({"run": run.name, "part": part, "x": x, "y": y})


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `MAX_POINTS` points: neighbours averaged, each group standing at its last."""
    group = -(-len(x) // MAX_POINTS)
    if group <= 1:
        return x, y
    starts = np.arange(0, len(x), group)
    ends = np.append(starts[1:], len(x))
    return x[ends - 1], np.add.reduceat(y, starts) / (ends - starts)


def _spec(what: Quantity, per: Per, names: list[str], parts: list[str], *, banded: bool) -> dict[str, Any]:
    x, y, colour = _x(per), _y(what), _colour(names)
    band = {
        "transform": [{"filter": "isValid(datum.low)"}],
        "mark": {"type": "area", "opacity": 0.15, "tooltip": False, "clip": True},
        "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour},
    }
    dash = {"field": "part", "scale": {"domain": parts, "range": [_DASHES[part] for part in parts]}, "legend": None}
    shape = {**dash, "scale": {"domain": parts, "range": [_SHAPES[part] for part in parts]}}
    tooltip = [
        {"field": "run", "title": "run"},
        {"field": "part", "title": "part"},
        {"field": "x", "title": x["title"], "format": "d"},
        {"field": "y", "title": y["title"], "format": what.written},
    ]
    lines = {
        "params": [_ZOOM],
        "mark": {"type": "line", "clip": True, "point": {"size": 25, "opacity": 1 if per == "epoch" else 0}},
        "encoding": {"x": x, "y": y, "color": colour, "strokeDash": dash, "shape": shape, "tooltip": tooltip},
    }
    layers = [band, lines] if banded else [lines]
    return {
        "height": HEIGHT + LEGEND_ROW * _legend_rows(names),
        "layer": layers,
        "data": {"name": POINTS},
        "usermeta": {"embedOptions": {"renderer": "canvas"}},
    }


def _x(per: Per) -> dict[str, Any]:
    return {
        "field": "x",
        "type": "quantitative",
        "title": "epoch" if per == "epoch" else "optimizer step",
        "axis": {"format": "d", "tickMinStep": 1, "grid": False},
        "scale": {"zero": False, "nice": False, "padding": 8},
    }


def _y(what: Quantity) -> dict[str, Any]:
    return {
        "field": "y",
        "type": "quantitative",
        "title": what.title,
        "axis": {"labelExpr": f"datum.value ? format(datum.value, '{what.ticks}') : '0'"} if what.ticks else {},
        "scale": {"zero": what.from_zero, "nice": False, "padding": 8},
    }


def _legend_rows(names: list[str]) -> int:
    return -(-len(names) // _NAMES_A_ROW) if len(names) > 1 else 0


def _colour(names: list[str]) -> dict[str, Any]:
    legend = {"title": None, "orient": "bottom", "columns": _NAMES_A_ROW, "symbolType": "circle"}
    return {
        "field": "run",
        "scale": {"domain": names, "range": sequence_colours(len(names))},
        "legend": legend if _legend_rows(names) else None,
    }
