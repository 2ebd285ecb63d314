"""Evaluate, whether the probabilities can be believed."""

from __future__ import annotations

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from allcore.evaluation.predictions.chosen_point import risk_by_trust
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.calibration import reliability_diagram
from allcore.number_text import UNKNOWN, percentages
from allcore.reporting.operating import risk_figure
from allcore.reporting.probability_curves import reliability_figure
from allcore.reporting.score_tables import calibration_table
from pages.ui import show
from pages.ui.evaluate.evaluated import Evaluated


def show_calibration(of: Evaluated) -> None:
    """Show the reliability diagram, the errors of the probabilities, and what leaving the doubtful out would save."""
    between = percentages(of.scores.intervals["ece"], 1)
    between = "" if between == UNKNOWN else f" ({between})"
    st.markdown(
        f"**On average, the probability of the predicted class is {100 * of.scores.ece:.1f} points{between} off the "
        "accuracy.**"
    )
    show.figure(
        partial(_reliability_figure, of.predictions),
        of.named("reliability"),
        "Reliability diagram: accuracy against the probability of the predicted class, over the images of each bin",
    )
    show.table(
        calibration_table(of.scores),
        of.named("calibration"),
        "Errors of the probabilities with 95 % intervals",
        {
            "value": st.column_config.NumberColumn(format="%.4f"),
            "low": st.column_config.NumberColumn("95 % from", format="%.4f"),
            "high": st.column_config.NumberColumn("to", format="%.4f"),
        },
    )
    _show_risk(of)


def _reliability_figure(of: RecordedPredictions) -> go.Figure:
    return reliability_figure(reliability_diagram(of.labels, of.probabilities, of.table["group"]))


def _show_risk(of: Evaluated) -> None:
    """Show how much is wrong if the least certain or the most novel images are left to a person."""
    st.subheader("If the doubtful are left to a person", anchor=False)
    show.figure(
        partial(_risk_figure, of.predictions),
        of.named("risk-coverage"),
        "Share of wrong answers by the share of images that are answered",
    )
    st.caption(
        "From right to left fewer images are answered: those of the lowest probability, or the highest novelty, go."
    )


def _risk_figure(predictions: RecordedPredictions) -> go.Figure:
    return risk_figure(risk_by_trust(predictions))
