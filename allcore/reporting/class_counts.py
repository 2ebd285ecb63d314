"""How many images each class has, as bars."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from allcore.data.split import SPLITS
from allcore.reporting.colours import class_colours

_PATTERNS = {"train": "", "validation": "/", "test": "x", "images": ""}


def class_counts_figure(counts: pd.DataFrame) -> go.Figure:
    """Return the usable images of each class of one variant as bars, one for each split where `counts` has the parts.

    `counts` are rows of `class_counts`.
    """
    colours = class_colours(list(counts["class"]))
    parts = list(SPLITS) if set(SPLITS) <= set(counts.columns) else ["images"]
    figure = go.Figure(
        [
            go.Bar(
                x=counts["class"], y=counts[part], name=part,
                text=counts[part], textposition="outside", cliponaxis=False,
                marker={"color": [colours[name] for name in counts["class"]], "pattern": {"shape": _PATTERNS[part]}},
                hovertemplate=f"%{{x}}, {part}: %{{y:,}}<extra></extra>",
            )
            for part in parts
        ]
    )  # fmt: skip
    figure.update_xaxes(title="Class", type="category", fixedrange=True)
    figure.update_yaxes(title="Usable images", fixedrange=True)
    figure.update_layout(
        barmode="group", height=340, margin={"l": 8, "r": 8, "t": 32, "b": 8}, showlegend=len(parts) > 1,
        legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0},
    )  # fmt: skip
    return figure
