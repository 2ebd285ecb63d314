"""Evaluate, positive against negative classes (malignant against benign), whichever class of its side is named."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from allcore.data.labels.meanings import ClassMeanings
from allcore.errors import InputError
from allcore.evaluation.predictions.chosen_point import ChosenPoint, Held, Target, asked_of, chosen_point
from allcore.evaluation.predictions.mistakes import crossed_sides
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.predictions.two_sides import Side, two_sides
from allcore.evaluation.scoring.operating_point import decision_curve
from allcore.number_text import per_cent, per_cent_within
from allcore.reporting.operating import decision_figure, no_threshold, threshold_in_per_cent
from allcore.text import for_page
from pages.ui import show
from pages.ui.address import bound_number
from pages.ui.evaluate.evaluated import Evaluated, evaluated
from pages.ui.shared.evidence import recorded_table


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
        f"class of its own side. {for_page(named.in_words())}"
    )
    _show_operating_point(of, named.positive, named.sides)
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
    return f"{called.capitalize()}: {for_page(', '.join(classes))}."


_HELD: tuple[Held, ...] = ("specificity", "sensitivity")


_LINES = np.linspace(0.01, 0.99, 99)


def _show_operating_point(of: Evaluated, positive: tuple[str, ...], sides: tuple[str, str]) -> None:
    """Let a threshold be chosen by what it must keep, and show sensitivity, specificity, PPV, NPV and net benefit."""
    st.subheader("Where to draw the line", anchor=False)
    share = float(of.predictions.table["label"].isin(positive).mean())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        held = st.segmented_control(
            "Keep", _HELD, default="specificity", required=True, key="hold",
            bind="query-params",
        )  # fmt: skip
        at_least = st.number_input(
            "at least (%)", 50.0, 100.0, 95.0, 1.0, key="at_least", bind=bound_number("at_least"),
        )  # fmt: skip
        asked = st.number_input(
            f"{sides[0].capitalize()} among those examined (%)", 0.0, 100.0, None, 1.0, key="prevalence", format="%g",
            bind=bound_number("prevalence"), placeholder=f"{per_cent(share)}, as in these images",
            help="Positive and negative predictive value depend on it. Empty: the share in these images.",
        )  # fmt: skip
    prevalence = None if asked is None else asked / 100
    others = _validation(of)
    try:
        chosen = chosen_point(of.predictions, positive, Target(held, at_least / 100), others, prevalence)
    except InputError as error:
        st.info(for_page(str(error)), icon=":material/info:")
        return
    st.markdown(_in_words(chosen, sides[0]))
    point = chosen.point
    with st.container(horizontal=True):
        for name in ("sensitivity", "specificity", "ppv", "npv"):
            if (value := getattr(point, name)) is not None:
                called = name.upper() if len(name) == 3 else name.capitalize()
                st.metric(f"{called} at this line", per_cent_within(value, point.intervals[name]), border=True)
    curve = decision_curve(asked_of(of.predictions, positive), _LINES, prevalence)
    show.figure(
        partial(decision_figure, curve, "action"),
        of.named("decision"),
        "Decision curve: net benefit of acting by the model, on everybody and on nobody, by threshold probability",
    )
    st.caption(
        "Decision curve (Vickers and Elkin, 2006): if you act at a probability of 10 % or more, nine needless actions "
        "weigh as much as one missed finding. The model is useful where its line is the highest."
    )


def _in_words(chosen: ChosenPoint, yes: str) -> str:
    """Return where the line lies and on which images it was chosen, or that there is none."""
    if said := no_threshold(chosen, yes):
        return f"**{said}**"
    return f"**{yes.capitalize()} is said from a probability of {threshold_in_per_cent(chosen.point)}.** " + (
        "The line was chosen on these very images, for want of others: it flatters."
        if chosen.same_images
        else "The line was chosen on the validation images; what it does is counted on these."
    )


def _validation(of: Evaluated) -> RecordedPredictions | None:
    """Return the predictions on which a line for the test images may be chosen."""
    if of.split != "test":
        return None
    try:
        found = evaluated(of.run, "validation", of.labels).predictions
    except InputError:  # out-of-fold predictions have test images alone
        return None
    return found if len(found.table) else None
