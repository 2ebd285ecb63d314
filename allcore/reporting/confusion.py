"""The confusion matrix as a figure whose cells can be clicked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from allcore.number_text import of_hundred
from allcore.reporting.class_axis import class_axis, label_width
from allcore.text import for_figure

_RIGHT = ((0.0, "#E8F1F8"), (1.0, "#0072B2"))
_WRONG = ((0.0, "#FFF6EA"), (1.0, "#D55E00"))
_OUTLINE = "#E69F00"
_MARGIN = 10
_TOOLBAR = 34
"""Pixels above the matrix, where Plotly's buttons would cover its cells."""
_TITLE = 26
_CELL = 82
"""Pixels a side of a cell while there are few classes."""
_SMALLEST_CELL = 18
_ROOM = 330
"""Pixels of the matrix without its names, from which on cells shrink."""
_FEW = 6
"""Classes up to which the numbers in the cells have one size; of more than twice as many, no 0 is written."""
_NAMED = 14
"""Names that have room below the matrix on a narrow screen."""


def confusion_figure(
    matrix: Sequence[Sequence[int]],
    classes: Sequence[str],
    *,
    per_cent: bool = False,
    chosen: tuple[str, str] | None = None,
) -> go.Figure:
    """Return the matrix (rows true, columns predicted) in counts or in per cent of the true class's images.

    Right answers are blue and mistakes orange, each by its share of the row. Plotly reports no clicks on heat maps,
    so an unseen marker stands on every cell, with the true and predicted class as its `customdata`; `chosen` (true,
    predicted) is outlined.
    """
    counts = np.asarray(matrix, np.int64)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    in_per_cent = [of_hundred(100 * float(share), 1) for share in shares.flat]
    text = np.reshape(in_per_cent, counts.shape) if per_cent else counts.astype(str)
    text = np.where((counts == 0) & (len(classes) > 2 * _FEW), "", text)
    right = np.eye(len(classes), dtype=bool)
    largest_wrong = max(float(shares[~right].max()), 1e-9)
    figure = go.Figure(
        [
            _cells(shares, text, right, classes, _RIGHT, 1.0),
            _cells(shares, text, ~right, classes, _WRONG, largest_wrong),
            _targets(counts, in_per_cent, classes),
        ]
    )
    if chosen is not None:
        _outline(figure, classes.index(chosen[0]), classes.index(chosen[1]))
    figure.update_layout(
        **_layout(classes),
        hoverdistance=-1,  # the nearest cell's marker, however far: so a click counts anywhere in the cell
        clickmode="event+select",
        showlegend=False,
    )
    return figure


def matrix_width(classes: Sequence[str]) -> int:
    """Return the pixels over which the figure of these classes is best drawn, where the page has them."""
    return _side(len(classes)) + label_width(classes, _font(len(classes))) + _TITLE + _MARGIN


def _layout(classes: Sequence[str]) -> dict[str, object]:
    """Return axes and size: the names have the room that they need and no more."""
    font, side = _font(len(classes)), _side(len(classes))
    beside = label_width(classes, font)
    flat = beside <= side / len(classes)
    below = 2 * font if flat else beside
    predicted = class_axis(classes, font, most_names=_NAMED) | {"tickangle": 0 if flat else -90}
    return {
        "height": side + below + _TITLE + _TOOLBAR,
        "margin": {"l": beside + _TITLE, "r": _MARGIN, "t": _TOOLBAR, "b": below + _TITLE, "autoexpand": False},
        "xaxis": {"title": "predicted class", "showgrid": False, **predicted},
        "yaxis": {"title": "true class", "showgrid": False, **class_axis(classes, font, downwards=True)},
    }


def _side(classes: int) -> int:
    """Return the pixels a side of the matrix without its names."""
    return max(_SMALLEST_CELL * classes, min(_ROOM, _CELL * classes))


def _font(classes: int) -> int:
    """Return the size of the names: no larger than the cells."""
    return min(12, max(8, _side(classes) // classes - 4))


def _cells(
    shares: np.ndarray,
    text: np.ndarray,
    where: np.ndarray,
    classes: Sequence[str],
    colours: tuple[tuple[float, str], ...],
    largest: float,
) -> go.Heatmap:
    gap = 3 if len(classes) <= 2 * _FEW else 1
    size = {"size": 16} if len(classes) <= _FEW else None
    return go.Heatmap(
        z=np.where(where, shares, np.nan), x=list(classes), y=list(classes), text=np.where(where, text, ""),
        texttemplate="%{text}", textfont=size, colorscale=colours, zmin=0.0, zmax=largest, showscale=False,
        xgap=gap, ygap=gap, hoverinfo="skip",
    )  # fmt: skip


def _targets(counts: np.ndarray, in_per_cent: Sequence[str], classes: Sequence[str]) -> go.Scatter:
    cells = [(row, column) for row in range(len(classes)) for column in range(len(classes))]
    names = [for_figure(name) for name in classes]
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=[classes[column] for _, column in cells],
        y=[classes[row] for row, _ in cells],
        customdata=[
            (classes[row], classes[column], int(counts[row, column]), int(counts[row].sum()), shown)
            for (row, column), shown in zip(cells, in_per_cent, strict=True)
        ],
        text=[f"true {names[row]}<br>predicted {names[column]}" for row, column in cells],
        mode="markers",
        marker={"symbol": "square", "size": 40, "opacity": 0},
        selected=unseen,
        unselected=unseen,
        hovertemplate="%{text}<br>%{customdata[2]} of %{customdata[3]} (%{customdata[4]} %)<extra></extra>",
    )


def _outline(figure: go.Figure, row: int, column: int) -> None:
    figure.add_shape(
        type="rect", x0=column - 0.49, x1=column + 0.49, y0=row - 0.49, y1=row + 0.49,
        line={"color": _OUTLINE, "width": 4},
    )  # fmt: skip
