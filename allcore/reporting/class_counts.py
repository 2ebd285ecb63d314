"""How many images each class has, as bars."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from allcore.data.folder.parts import PARTS
from allcore.reporting.class_axis import class_axis, label_width
from allcore.reporting.colours import class_colours
from allcore.text import for_figure

_PATTERNS = {"train": "", "validation": "/", "test": "x", "images": ""}
_ROOM = 320
"""Pixels of a narrow screen on which names may stand side by side, below upright bars."""
_BAR = 18
"""Pixels of a lying bar with the space above it."""
_AXIS = 48
_LEGEND = 32


def class_counts_figure(counts: pd.DataFrame) -> go.Figure:
    """Return the usable images of each class of one variant as bars, one for each split where `counts` has the parts.

    `counts` are rows of `class_counts`. The bars lie where the names would not fit side by side below them.
    """
    classes = list(counts["class"])
    parts = list(PARTS) if set(PARTS) <= set(counts.columns) else ["images"]
    upright = label_width(classes) * len(classes) <= _ROOM
    figure = go.Figure([_bars(counts, part, upright=upright) for part in parts])
    legend = _LEGEND if len(parts) > 1 else 0
    names: dict[str, Any] = {"title": "Class" if upright else None, **class_axis(classes, downwards=not upright)}
    numbers: dict[str, Any] = {"title": "Usable images", "fixedrange": True}
    if upright:
        margin = {"l": 8, "r": 8, "t": 32, "b": _AXIS + legend}
        figure.update_layout(xaxis=names, yaxis=numbers, height=340, margin=margin)
    else:
        height = _AXIS + legend + (_BAR * len(parts) + 8) * len(classes)
        margin = {"l": label_width(classes), "r": 40, "t": 8, "b": _AXIS + legend}
        figure.update_layout(yaxis=names, xaxis=numbers, height=height, margin=margin)
    figure.update_layout(
        barmode="group", showlegend=len(parts) > 1,
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )  # fmt: skip
    return figure


def _bars(counts: pd.DataFrame, part: str, *, upright: bool) -> go.Bar:
    colours = class_colours(list(counts["class"]))
    along = {"x": counts["class"], "y": counts[part]} if upright else {"y": counts["class"], "x": counts[part]}
    return go.Bar(
        **along, name=part, orientation="v" if upright else "h",
        text=counts[part], textposition="outside", cliponaxis=False,
        marker={"color": [colours[name] for name in counts["class"]], "pattern": {"shape": _PATTERNS[part]}},
        hovertext=[for_figure(name) for name in counts["class"]],
        hovertemplate=f"%{{hovertext}}<br>{part}: %{{{'y' if upright else 'x'}:,}}<extra></extra>",
    )  # fmt: skip
