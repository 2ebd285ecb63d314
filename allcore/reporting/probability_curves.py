"""Figures of what the probabilities are worth: ROC, precision-recall, reliability, and each class's scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from allcore.arrays import FloatArray
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.calibration import ReliabilityDiagram
from allcore.evaluation.scoring.curves import Curve, precision_recall_curve, roc_curve
from allcore.evaluation.scoring.operating_point import threshold_between
from allcore.evaluation.scoring.scores import CLASS_METRICS, Scores
from allcore.number_text import UNKNOWN, decimal, interval
from allcore.reporting.class_axis import legend_height, legend_names
from allcore.reporting.colours import DASHES, PAPER, SYMBOLS, class_colours, marks, sequence_colours
from allcore.reporting.operating import in_full, shown_per_cents
from allcore.reporting.score_tables import CLASS_METRIC_NAMES
from allcore.text import for_figure

_MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}
_BELOW = {"orientation": "h", "yanchor": "top", "y": -0.2, "x": 0}
_CURVES, _AXIS, _LEGEND = 320, 56, 120
"""Pixels of the curves, of the axis below them, and of that with a legend of few classes."""
_APART, _SPREAD = 0.18, 0.8
"""How far the points of two classes stand apart, and those of all of them, in rows."""
_POINT = 9
_PER_CENT = {"range": [-2, 102]}


def roc_figure(predictions: RecordedPredictions, scores: Scores) -> go.Figure:
    """Return each class's ROC curve against the rest, with its AUROC and 95 % interval."""
    figure = _curves(predictions, scores, roc_curve, "auroc", "linear")
    figure.add_scatter(
        x=[0, 100], y=[0, 100], mode="lines", line={"dash": "dot", "color": PAPER}, name="chance", hoverinfo="skip"
    )
    figure.update_layout(
        xaxis={"title": "1 - specificity (%)", **_PER_CENT}, yaxis={"title": "sensitivity (%)", **_PER_CENT}
    )
    return figure


def precision_recall_figure(predictions: RecordedPredictions, scores: Scores) -> go.Figure:
    """Return each class's precision-recall curve, with its average precision and 95 % interval."""
    figure = _curves(predictions, scores, precision_recall_curve, "average_precision", "vh")
    figure.update_layout(
        xaxis={"title": "sensitivity = recall (%)", **_PER_CENT}, yaxis={"title": "precision (%)", **_PER_CENT}
    )
    return figure


def reliability_figure(diagram: ReliabilityDiagram) -> go.Figure:
    """Return accuracy against the mean top probability, with Wilson intervals, over the images of each bin."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06)
    blue = sequence_colours(1)[0]
    filled = diagram.counts > 0
    accuracy, low, high = (100 * of_bins[filled] for of_bins in (diagram.accuracy, diagram.low, diagram.high))
    figure.add_scatter(
        x=[0, 100], y=[0, 100], mode="lines", line={"dash": "dot", "color": PAPER}, name="calibrated", hoverinfo="skip"
    )
    figure.add_scatter(
        x=100 * diagram.confidence[filled],
        y=accuracy,
        error_y=_error_bars(accuracy, low, high),
        customdata=list(
            zip(
                shown_per_cents(diagram.confidence[filled]),
                shown_per_cents(diagram.accuracy[filled]),
                [f"{count:.0f}" for count in diagram.counts[filled]],
                strict=True,
            )
        ),
        mode="markers",
        marker={"size": 9, "color": blue},
        name="accuracy of a bin, 95 % interval",
        hovertemplate=(
            "probability %{customdata[0]}<br>accuracy %{customdata[1]}<br>%{customdata[2]} images<extra></extra>"
        ),
    )
    figure.add_bar(
        x=50 * (diagram.edges[:-1] + diagram.edges[1:]),
        y=diagram.counts,
        width=100 * np.diff(diagram.edges),
        marker={"color": blue},
        text=[f"{count:.0f}" if count else "" for count in diagram.counts],
        textposition="outside",
        cliponaxis=False,
        showlegend=False,
        hovertemplate="probability %{x:.1f} %<br>%{y:,.0f} images<extra></extra>",
        row=2,
        col=1,
    )
    figure.update_yaxes(title="accuracy (%)", **_PER_CENT, row=1, col=1)
    figure.update_yaxes(title="images", row=2, col=1)
    figure.update_xaxes(**_PER_CENT)
    figure.update_xaxes(title="probability of the predicted class (%)", row=2, col=1)
    figure.update_layout(height=480, margin=_MARGIN, legend=_BELOW)
    return figure


def class_scores_figure(scores: Scores) -> go.Figure:
    """Return each class's scores as points with their 95 % intervals."""
    figure = go.Figure()
    colours = class_colours(scores.classes)
    symbols = marks(colours.values(), SYMBOLS)
    named = legend_names(scores.classes)
    middle = (len(scores.classes) - 1) / 2
    for number, (name, of_class) in enumerate(scores.per_class.items()):
        values = 100 * np.array([getattr(of_class, metric) for metric in CLASS_METRICS], np.float64)
        ends = 100 * np.array([of_class.intervals[metric] for metric in CLASS_METRICS], np.float64)
        figure.add_scatter(
            x=values,
            y=np.arange(len(CLASS_METRICS)) + min(_APART, _SPREAD / len(scores.classes)) * (number - middle),
            error_x=_error_bars(values, ends[:, 0], ends[:, 1]),
            customdata=np.column_stack([ends, np.full(len(values), of_class.support)]),
            hovertext=shown_per_cents(values / 100),
            mode="markers",
            marker={"size": 8, "color": colours[name], "symbol": symbols[number]},
            name=named[name],
            hovertemplate=(
                f"{for_figure(name)}<br>%{{hovertext}} (%{{customdata[0]:.1f}} to %{{customdata[1]:.1f}})<br>"
                "%{customdata[2]:.0f} images<extra></extra>"
            ),
        )
    figure.update_layout(
        **_sized(scores.classes, len(CLASS_METRICS) * max(50, _POINT * len(scores.classes))),
        xaxis={"title": "score (%), with 95 % interval"},
        yaxis={
            "tickvals": list(range(len(CLASS_METRICS))),
            "ticktext": [CLASS_METRIC_NAMES[metric] for metric in CLASS_METRICS],
            "autorange": "reversed",
            "zeroline": False,
        },
    )
    return figure


def _curves(
    predictions: RecordedPredictions, scores: Scores, curve: Callable[..., Curve], area: str, shape: str
) -> go.Figure:
    figure = go.Figure()
    colours, named = class_colours(predictions.classes), legend_names(predictions.classes)
    dashes = marks(colours.values(), DASHES)
    for index, name in enumerate(predictions.classes):
        points = curve(predictions.labels, predictions.probabilities, index)
        at = "%{customdata[0]} at %{customdata[1]}<br>threshold %{customdata[2]}<extra></extra>"
        figure.add_scatter(
            x=100 * points.x,
            y=100 * points.y,
            customdata=list(
                zip(shown_per_cents(points.y), shown_per_cents(points.x), _thresholds(points.thresholds), strict=True)
            ),
            mode="lines",
            line={"color": colours[name], "dash": dashes[index], "shape": shape},
            name=f"{named[name]} {_area(scores, name, area)}",
            hovertemplate=f"{for_figure(name)}<br>{at}",
        )
    figure.update_layout(**_sized(predictions.classes, _CURVES))
    return figure


def _thresholds(falling: FloatArray) -> list[str]:
    """Return a threshold of each point of a curve, as the table of thresholds has it: between two probabilities."""
    if not len(falling):
        return []
    between = [in_full(threshold_between(low, high)) for high, low in pairwise(falling[1:])]
    return ["none", *between, in_full(0.0)]


def _sized(classes: Sequence[str], drawn: int) -> dict[str, object]:
    """Return the layout of a figure that is `drawn` pixels high, with a legend of the classes below."""
    below = _LEGEND + legend_height(classes)
    legend = {"orientation": "h", "yanchor": "top", "y": -_AXIS / drawn, "x": 0}
    return {"height": drawn + below + _MARGIN["t"], "margin": {**_MARGIN, "b": below}, "legend": legend}


def _area(scores: Scores, name: str, area: str) -> str:
    value = getattr(scores.per_class[name], area)
    if value is None:
        return "(undefined)"
    between = interval(scores.per_class[name].intervals[area], 3)
    return decimal(value, 3) if between == UNKNOWN else f"{decimal(value, 3)} ({between})"


def _error_bars(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict[str, object]:
    return {
        "type": "data", "symmetric": False, "array": high - values, "arrayminus": values - low, "thickness": 1.2,
    }  # fmt: skip
