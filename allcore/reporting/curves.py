"""Figures of how training goes, of one run or of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from allcore.evaluation.intervals import wilson
from allcore.reporting.colours import SPLIT_DASHES, sequence_colours
from allcore.runs.history import History

Per = Literal["epoch", "batch"]
HEIGHT = 320
"""Pixels; the same with and without points, so that a page does not jump while they come."""
MAX_POINTS = 1_000
_MARKED_POINTS = 60
_GIB = 2**30
_NO_POINTS = {"text": "no points yet", "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}


@dataclass(frozen=True)
class Quantity:
    """What a chart shows: its column in the history, its axis title with unit, how values are scaled and written."""

    column: str
    title: str
    hover: str
    scale: float = 1.0
    validated: bool = False
    from_zero: bool = True


QUANTITIES = {
    "loss": Quantity("loss", "loss (cross-entropy, nats)", ".4f", validated=True),
    "accuracy": Quantity("accuracy", "accuracy (%)", ".2f", 100.0, validated=True, from_zero=False),
    "learning rate": Quantity("learning_rate", "learning rate", ".3g"),
    "speed": Quantity("images_per_second", "speed (images/s)", ".1f"),
    "memory": Quantity("memory_bytes", "memory (GiB)", ".2f", 1 / _GIB),
}


@dataclass(frozen=True)
class RunCurve:
    """One run to be drawn: its name, its history, and how many images it validates on (None leaves out intervals)."""

    name: str
    history: History
    validation_images: int | None = None


def training_figure(quantity: str, per: Per, runs: Sequence[RunCurve]) -> go.Figure:
    """Return the curves of one of `QUANTITIES`: train solid, validation dashed, a colour a run.

    Per batch, x counts optimizer steps, there is no validation, and long curves are averaged to `MAX_POINTS` points.
    One run's validation accuracy has its 95 % interval (Wilson). Of several runs, the legend names each once. Zoom and
    hidden curves outlast new points.
    """
    what = QUANTITIES[quantity]
    traces: list[dict[str, Any]] = []
    for run, colour in zip(runs, sequence_colours(len(runs)), strict=True):
        if per == "epoch" and quantity == "accuracy" and len(runs) == 1:
            traces += _validation_interval(run, colour)
        for split in ("train", "validation") if per == "epoch" and what.validated else ("train",):
            traces += _curve(run, what, per, split, colour, alone=len(runs) == 1)
    layout = _layout(what, per, f"{quantity}-{per}", legend=len(runs) > 1 or (what.validated and per == "epoch"))
    if not any(len(trace["x"]) for trace in traces):
        layout |= {"annotations": [_NO_POINTS]}
        for axis in ("xaxis", "yaxis"):
            layout[axis] |= {"showticklabels": False, "showgrid": False, "zeroline": False}
    return go.Figure(data=traces, layout=layout)


def _curve(run: RunCurve, what: Quantity, per: Per, split: str, colour: str, alone: bool) -> list[dict[str, Any]]:
    table = run.history.epochs if per == "epoch" else run.history.batches
    column = what.column if split == "train" else f"validation_{what.column}"
    if column not in table:
        return []
    x = table["epoch"].to_numpy(float) + 1 if per == "epoch" else table["global_step"].to_numpy(float)
    x, y = _thinned(x, what.scale * pd.to_numeric(table[column]).to_numpy(float))
    return [
        {
            "type": "scatter",
            "uid": f"{run.name} {split}",
            "name": split if alone else run.name,
            "legendgroup": split if alone else run.name,
            "showlegend": alone or split == "train",
            "x": x.tolist(),
            "y": y.tolist(),
            "mode": "lines+markers" if len(x) <= _MARKED_POINTS else "lines",
            "line": {"color": colour, "dash": SPLIT_DASHES[split], "width": 2},
            "marker": {"size": 5},
            "hovertemplate": f"%{{y:{what.hover}}} {split}",
        }
    ]


def _validation_interval(run: RunCurve, colour: str) -> list[dict[str, Any]]:
    epochs = run.history.epochs
    if not run.validation_images or "validation_accuracy" not in epochs:
        return []
    low, high = wilson(epochs["validation_accuracy"] * run.validation_images, run.validation_images)
    x = epochs["epoch"].to_numpy(float) + 1
    return [
        {
            "type": "scatter",
            "uid": f"{run.name} interval",
            "name": "validation, 95 % interval",
            "showlegend": True,
            "x": np.concatenate([x, x[::-1]]).tolist(),
            "y": (100 * np.concatenate([high, low[::-1]])).tolist(),
            "mode": "lines",
            "line": {"width": 0},
            "fill": "toself",
            "fillcolor": colour,
            "opacity": 0.15,
            "hoverinfo": "skip",
        }
    ]


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `MAX_POINTS` points: neighbours averaged, the newest group kept whole."""
    group = -(-len(x) // MAX_POINTS)
    if group <= 1:
        return x, y
    starts = np.arange(0, len(x), group)
    counts = np.diff(np.append(starts, len(x)))
    return x[np.append(starts[1:], len(x)) - 1], np.add.reduceat(y, starts) / counts


def _layout(what: Quantity, per: Per, revision: str, legend: bool) -> dict[str, Any]:
    return {
        "height": HEIGHT,
        "margin": {"l": 60, "r": 10, "t": 30, "b": 45},
        "uirevision": revision,
        "hovermode": "x unified",
        "showlegend": legend,
        "legend": {"orientation": "h", "x": 0, "y": -0.25, "yanchor": "top"},
        "xaxis": {"title": {"text": "epoch" if per == "epoch" else "optimizer step"}, "tickformat": "d"},
        "yaxis": {
            "title": {"text": what.title},
            "rangemode": "tozero" if what.from_zero else "normal",
            "exponentformat": "e",
        },
    }
