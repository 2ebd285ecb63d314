"""Evaluate, benign against malignant, whichever malignant class."""

from __future__ import annotations

import streamlit as st

from allcore.evaluation.predictions.mistakes import benign_malignant_mistakes
from allcore.evaluation.scoring.scores import benign_vs_malignant
from allcore.reporting.tables import with_interval
from pages.ui.evaluated import BENIGN, Evaluated
from pages.ui.evidence import recorded_table


def show_benign(of: Evaluated) -> None:
    """Show sensitivity and specificity of "malignant", and the images on the wrong side; there is a benign class."""
    two = benign_vs_malignant(of.scores, BENIGN)
    with st.container(horizontal=True):
        for name, value in (("sensitivity", two.sensitivity), ("specificity", two.specificity)):
            st.metric(f"{name.capitalize()} (95 % interval)", with_interval(value, two.intervals[name]), border=True)
    st.caption(
        "A malignant image counts as found whatever malignant class it is given. Benign means hematogones, "
        "never healthy."
    )
    recorded_table(
        benign_malignant_mistakes(of.predictions.table, BENIGN),
        of.classes,
        of.named("benign-malignant"),
        "Benign images called malignant and malignant ones called benign, the most confident first",
    )
