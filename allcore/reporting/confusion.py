"""The confusion matrix as a figure whose cells can be clicked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

_RIGHT = ((0.0, "#E8F1F8"), (1.0, "#0072B2"))
_WRONG = ((0.0, "#FFF6EA"), (1.0, "#D55E00"))
_OUTLINE = "#E69F00"
HEIGHT = 420


def confusion_figure(
    matrix: Sequence[Sequence[int]],
    classes: Sequence[str],
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
    text = np.array([f"{100 * share:.1f}" for share in shares.flat] if per_cent else [str(n) for n in counts.flat])
    text = text.reshape(counts.shape)
    right = np.eye(len(classes), dtype=bool)
    largest_wrong = max(float(shares[~right].max()), 1e-9)
    figure = go.Figure(
        [
            _cells(shares, text, right, classes, _RIGHT, 1.0),
            _cells(shares, text, ~right, classes, _WRONG, largest_wrong),
            _targets(counts, shares, classes),
        ]
    )
    if chosen is not None:
        _outline(figure, classes.index(chosen[0]), classes.index(chosen[1]))
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        hoverdistance=-1,  # the nearest cell's marker, however far: so a click counts anywhere in the cell
        clickmode="event+select",
        showlegend=False,
        xaxis={"title": "predicted class", "fixedrange": True, "showgrid": False, "zeroline": False},
        yaxis={
            "title": "true class",
            "autorange": "reversed",
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
    )
    return figure


def _cells(
    shares: np.ndarray,
    text: np.ndarray,
    where: np.ndarray,
    classes: Sequence[str],
    colours: tuple[tuple[float, str], ...],
    largest: float,
) -> go.Heatmap:
    return go.Heatmap(
        z=np.where(where, shares, np.nan), x=list(classes), y=list(classes), text=np.where(where, text, ""),
        texttemplate="%{text}", textfont={"size": 16}, colorscale=colours, zmin=0.0, zmax=largest, showscale=False,
        xgap=3, ygap=3, hoverinfo="skip",
    )  # fmt: skip


def _targets(counts: np.ndarray, shares: np.ndarray, classes: Sequence[str]) -> go.Scatter:
    cells = [(row, column) for row in range(len(classes)) for column in range(len(classes))]
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=[classes[column] for _, column in cells],
        y=[classes[row] for row, _ in cells],
        customdata=[
            (classes[row], classes[column], int(counts[row, column]), int(counts[row].sum()), 100 * shares[row, column])
            for row, column in cells
        ],
        mode="markers",
        marker={"symbol": "square", "size": 40, "opacity": 0},
        selected=unseen,
        unselected=unseen,
        hovertemplate=(
            "true %{customdata[0]}, predicted %{customdata[1]}<br>"
            "%{customdata[2]} of %{customdata[3]} (%{customdata[4]:.1f} %)<extra></extra>"
        ),
    )


def _outline(figure: go.Figure, row: int, column: int) -> None:
    figure.add_shape(
        type="rect", x0=column - 0.49, x1=column + 0.49, y0=row - 0.49, y1=row + 0.49,
        line={"color": _OUTLINE, "width": 4},
    )  # fmt: skip
