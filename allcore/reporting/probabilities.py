"""A prediction's probabilities as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from allcore.number_text import per_cent
from allcore.reporting.class_axis import class_axis, label_width
from allcore.reporting.colours import class_colours
from allcore.text import for_figure

_BAR = 34
_NARROW = 22
_MANY = 12
_FRAME = 64


def probability_bars(classes: Sequence[str], probabilities: np.ndarray) -> go.Figure:
    """Return one horizontal bar a class, in per cent, in the classes' colours and order."""
    colours = class_colours(classes)
    fractions = np.asarray(probabilities, np.float64)
    figure = go.Figure(
        go.Bar(
            x=100 * fractions, y=list(classes), orientation="h",
            marker_color=[colours[name] for name in classes],
            text=[per_cent(value, 1) for value in fractions], textposition="outside", cliponaxis=False,
            hovertext=[
                f"{for_figure(name)}<br>{per_cent(value)}" for name, value in zip(classes, fractions, strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(
        title="Calibrated probability (%)", range=[0, 118], tickvals=[0, 25, 50, 75, 100], fixedrange=True
    )
    figure.update_yaxes(**class_axis(classes, downwards=True))
    bar = _BAR if len(classes) <= _MANY else _NARROW
    margin = {"l": label_width(classes), "r": 8, "t": 8, "b": _FRAME - 16}
    figure.update_layout(height=_FRAME + bar * len(classes), margin=margin, bargap=0.35)
    return figure
