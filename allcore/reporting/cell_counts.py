"""How many nucleated cells the images of each class hold, as boxes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from allcore.reporting.class_axis import class_axis, label_width
from allcore.reporting.colours import class_colours
from allcore.text import for_figure

_ROW, _AXIS = 44, 56
"""Pixels of a class's box with the space around it, and of the axis below all."""


def cell_counts_figure(labels: Sequence[str], cells: Sequence[int], classes: Sequence[str]) -> go.Figure:
    """Return the cells of each image, given with its class, as one lying box a class: quartiles, and what lies beyond.

    Whiskers end at the last image within one and a half box lengths; images beyond are points.
    """
    images, colours = pd.DataFrame({"label": labels, "cells": cells}), class_colours(classes)
    figure = go.Figure()
    for name in classes:
        of_class = images.loc[images["label"] == name, "cells"]
        figure.add_box(
            x=of_class, y=[name] * len(of_class), name=for_figure(name), orientation="h", boxpoints="outliers",
            marker={"color": colours[name], "size": 4}, showlegend=False, hoverinfo="x+name",
        )  # fmt: skip
    figure.update_xaxes(title="Nucleated cells in an image", rangemode="tozero", fixedrange=True)
    figure.update_yaxes(title=None, **class_axis(classes, downwards=True))
    margin = {"l": label_width(classes), "r": 16, "t": 8, "b": _AXIS}
    figure.update_layout(height=_AXIS + 8 + _ROW * len(classes), margin=margin)
    return figure
