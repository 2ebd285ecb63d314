"""Evaluate, the curves over all thresholds."""

from __future__ import annotations

from functools import partial

import streamlit as st

from allcore.reporting.probability_curves import precision_recall_figure, roc_figure
from pages.ui import show
from pages.ui.evaluate.evaluated import Evaluated


def show_curves(of: Evaluated) -> None:
    """Show the ROC and precision-recall curves of each class against the rest."""
    auroc = of.scores.auroc_macro
    if auroc is not None:
        st.markdown(f"**The area under the ROC curve is {auroc:.3f}, averaged over the classes.**")
    st.subheader("ROC, each class against the rest", anchor=False)
    show.figure(
        partial(roc_figure, of.predictions, of.scores), of.named("roc"), "ROC curve of each class, with its AUROC"
    )
    st.subheader("Precision and recall, each class against the rest", anchor=False)
    show.figure(
        partial(precision_recall_figure, of.predictions, of.scores),
        of.named("precision-recall"),
        "Precision-recall curve of each class, with its average precision",
    )
    st.caption("The legend gives the area under each curve (average precision for the second) with its 95 % interval.")
