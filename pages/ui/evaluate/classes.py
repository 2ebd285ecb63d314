"""Evaluate, each class against the rest."""

from __future__ import annotations

from functools import partial

import streamlit as st

from allcore.evaluation.scoring.scores import Scores
from allcore.number_text import per_cent_within
from allcore.reporting.probability_curves import class_scores_figure
from allcore.reporting.score_tables import class_table
from allcore.text import for_page
from pages.ui import show
from pages.ui.evaluate.evaluated import Evaluated


def show_classes(of: Evaluated) -> None:
    """Show each class's scores with intervals, as a figure and a table."""
    st.markdown(f"**{for_page(_least_recognised(of.scores))}**")
    alt = "Each class's scores with 95 % intervals"
    show.figure(partial(class_scores_figure, of.scores), of.named("classes"), alt)
    bounds = {"value": "value (%)", "low": "95 % from", "high": "to"}
    columns = {name: show.per_cent_column(label) for name, label in bounds.items()}
    show.table(class_table(of.scores), of.named("classes"), alt, columns, placeholder="")


def _least_recognised(scores: Scores) -> str:
    """Return in a sentence which class has the lowest sensitivity."""
    known = {name: of_class for name, of_class in scores.per_class.items() if of_class.recall is not None}
    name, least = min(known.items(), key=lambda item: item[1].recall or 0.0)
    if least.recall == 1.0:
        return "Every image of every class is recognised."
    return f"{name} is recognised least often: sensitivity {per_cent_within(least.recall, least.intervals['recall'])}."
