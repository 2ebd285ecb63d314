"""Evaluate, every mistake as a table."""

from __future__ import annotations

import streamlit as st

from allcore.evaluation.errors import mistakes
from pages.ui.evaluated import Evaluated
from pages.ui.evidence import recorded_table


def show_mistakes(of: Evaluated) -> None:
    """Show all mistakes, the most confident first."""
    wrong = mistakes(of.predictions.table)
    st.caption(f"{len(wrong)} of {of.scores.n} {of.split} images, the most confident mistakes first.")
    recorded_table(wrong, of.classes, of.named("mistakes"), "Every mistake, the most confident first")
