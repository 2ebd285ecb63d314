"""Figures and words of a line drawn between positive and negative classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from allcore.evaluation.predictions.chosen_point import ChosenPoint
from allcore.evaluation.scoring.operating_point import DecisionCurve, OperatingPoint, RiskCoverage
from allcore.number_text import per_cent, per_cent_within
from allcore.reporting.colours import PAPER, sequence_colours

_MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}
_BELOW = {"orientation": "h", "yanchor": "top", "y": -0.25, "x": 0}
_PER_CENT = {"range": [-2, 102]}
_HEIGHT = 360


def operating_table(points: list[ChosenPoint]) -> pd.DataFrame:
    """Return one row a line as text: rule, threshold, and sensitivity, specificity, ppv, npv with their intervals."""
    return pd.DataFrame(
        [
            {
                "rule": f"{each.held} at least {100 * each.at_least:g} %",
                "threshold": threshold_text(each.point),
                **{
                    name: per_cent_within(getattr(each.point, name), each.point.intervals[name])
                    for name in ("sensitivity", "specificity", "ppv", "npv")
                },
            }
            for each in points
        ]
    )


def threshold_text(at: OperatingPoint) -> str:
    """Return a threshold as `in_full` does, or `none`."""
    return "none" if at.threshold is None else in_full(at.threshold)


def in_full(threshold: float) -> str:
    """Return a threshold as `0.713`, with as many decimals as it has."""
    return np.format_float_positional(threshold, min_digits=3)


def shown_per_cents(fractions: Iterable[float], digits: int = 1) -> list[str]:
    """Return what a figure says of its points, fractions written as by `per_cent`."""
    return [escape(per_cent(fraction, digits), quote=False) for fraction in fractions]


def threshold_in_per_cent(at: OperatingPoint) -> str:
    """Return a threshold as `71.3 %`, with as many decimals as `threshold_text` has, or `none`."""
    return "none" if at.threshold is None else f"{Decimal(threshold_text(at)).scaleb(2):f} %"


def no_threshold(chosen: ChosenPoint, yes: str) -> str:
    """Return that no threshold holds the target and so nothing is called `yes`; '' where one does."""
    if chosen.point.threshold is not None:
        return ""
    target = f"a {chosen.held} of at least {100 * chosen.at_least:g} %"
    images = "these images" if chosen.same_images else "the validation images"
    return f"No threshold holds {target} on {images}, so nothing is called {yes}."


def decision_figure(curve: DecisionCurve, action: str) -> go.Figure:
    """Return the net benefit of acting by the model, on everybody and on nobody; `action` is what a positive gets."""
    figure = go.Figure()
    blue, other = sequence_colours(2)
    lines = (
        ("by the model", curve.model, {"color": blue}),
        (f"{action} for everybody", curve.everybody, {"color": other}),
        (f"{action} for nobody", np.zeros(len(curve.threshold)), {"color": PAPER, "dash": "dot"}),
    )
    for name, values, line in lines:
        figure.add_scatter(
            x=100 * curve.threshold, y=values, mode="lines", line=line, name=name,
            hovertemplate=f"{name}<br>net benefit %{{y:.3f}} at %{{x:.0f}} %<extra></extra>",
        )  # fmt: skip
    highest = float(max(curve.model.max(), curve.everybody.max(), 0.01))
    figure.update_layout(
        height=_HEIGHT, margin=_MARGIN, legend=_BELOW,
        xaxis={"title": "probability from which one acts (%)", **_PER_CENT},
        yaxis={"title": "net benefit (findings an image)", "range": [-0.15 * highest, 1.1 * highest]},
    )  # fmt: skip
    return figure


def risk_figure(curves: Mapping[str, RiskCoverage]) -> go.Figure:
    """Return the share of answers that are wrong by the share of images that are answered."""
    figure = go.Figure()
    names = {"confidence": "least certain left to a person", "novelty": "most novel left to a person"}
    for (kind, curve), colour in zip(curves.items(), sequence_colours(len(curves)), strict=True):
        figure.add_scatter(
            x=100 * curve.coverage, y=100 * curve.risk, mode="lines", name=names[kind],
            line={"color": colour, "shape": "hv"},
            customdata=list(zip(shown_per_cents(curve.risk), shown_per_cents(curve.coverage, 0), strict=True)),
            hovertemplate=(
                f"{names[kind]}<br>%{{customdata[0]}} of answers wrong, %{{customdata[1]}} answered<extra></extra>"
            ),
        )  # fmt: skip
    figure.update_layout(
        height=_HEIGHT, margin=_MARGIN, legend=_BELOW, xaxis={"title": "images answered (%)", **_PER_CENT},
        yaxis={"title": "answers that are wrong (%)", "rangemode": "tozero"},
    )  # fmt: skip
    return figure
