"""Evaluate, each class against the rest."""

from __future__ import annotations

from allcore.reporting.probability_curves import class_scores_figure
from allcore.reporting.tables import class_table
from pages.ui import show
from pages.ui.evaluated import Evaluated


def show_classes(of: Evaluated) -> None:
    """Show each class's scores with intervals, as a figure and a table."""
    alt = "Each class's scores with 95 % intervals"
    show.figure(class_scores_figure(of.scores), of.named("classes"), alt)
    bounds = {"value": "value (%)", "low": "95 % from", "high": "to"}
    columns = {name: show.per_cent_column(label) for name, label in bounds.items()}
    show.table(class_table(of.scores), of.named("classes"), alt, columns, placeholder="")
