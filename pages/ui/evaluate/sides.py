"""Evaluate, positive against negative classes (malignant against benign), whichever class of its side is named."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from allcore.data.labels.meanings import ClassMeanings
from allcore.evaluation.predictions.mistakes import crossed_sides
from allcore.evaluation.predictions.two_sides import Side, two_sides
from allcore.reporting.number_text import per_cent_within
from pages.ui.evaluate.evaluated import Evaluated
from pages.ui.evaluate.operating import show_operating_point
from pages.ui.shared.evidence import recorded_table
from pages.ui.show import plain


def show_sides(of: Evaluated, named: ClassMeanings) -> None:
    """Show sensitivity and specificity, and the images on the wrong side; some classes are positive and some are not.

    The sides are called as `named` says.
    """
    positive, negative = named.sides
    both = two_sides(of.predictions, named.positive)
    with st.container(horizontal=True):
        _tile("Sensitivity", both.sensitivity, positive)
        _tile("Specificity", both.specificity, negative)
    others = [name for name in of.classes if name not in named.positive]
    st.caption(
        f"{_side(positive, named.positive)} {_side(negative, others)} An image counts as right where it is called any "
        f"class of its own side. {plain(named.in_words())}"
    )
    show_operating_point(of, named.positive, named.sides)
    recorded_table(
        crossed_sides(of.predictions.table, named.positive),
        of.classes,
        of.named("sides"),
        f"{positive.capitalize()} images called {negative} and {negative} ones called {positive}, the most confident "
        "first",
    )


def _tile(name: str, side: Side, called: str) -> None:
    st.metric(
        f"{name} (95 % interval)", per_cent_within(side.right, side.interval), border=True,
        help=f"of {side.images:,} {called} images",
    )  # fmt: skip


def _side(called: str, classes: Sequence[str]) -> str:
    return f"{called.capitalize()}: {plain(', '.join(classes))}."
