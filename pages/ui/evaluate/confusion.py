"""Evaluate, the confusion matrix: choose a cell and see its images."""

from __future__ import annotations

from functools import partial

import streamlit as st

from allcore.evaluation.predictions.mistakes import commonest_mistake, images_of_cell
from allcore.evaluation.scoring.scores import Scores
from allcore.reporting.confusion import confusion_figure, matrix_width
from allcore.text import for_page
from pages.ui import address, show
from pages.ui.evaluate.evaluated import Evaluated
from pages.ui.figures import drawn
from pages.ui.shared.evidence import sheets_of_evidence

PLACE = "confusion"
_CELL = {"true": "True class", "predicted": "Predicted class"}


def show_confusion(of: Evaluated) -> None:
    """Show the matrix, and the images of the cell that is chosen by click, by selectors or in the URL."""
    with st.container(horizontal=True, gap="medium"):
        place = st.container(width=max(420, matrix_width(of.classes)))
        chosen = st.container(width=340)
    with chosen:
        cell = _choose_cell(of.scores)
        images = images_of_cell(of.predictions.table, *cell) if cell else None
        if cell and images is not None:
            of_class = of.scores.per_class[cell[0]].support
            of_all = f"of {of_class:,} {for_page(cell[0])} images predicted as {for_page(cell[1])}"
            st.metric(of_all, f"{len(images):,}")
        st.caption(
            "Choose a cell by click or with the selectors. Blue is right and orange wrong; the darker, the larger the "
            "share of the true class."
        )
    with place:
        shown = st.segmented_control(
            "Cells show", ["counts", "per cent"], default="counts", required=True, key="cells", bind="query-params"
        )
        st.plotly_chart(
            drawn(
                partial(
                    confusion_figure, of.scores.confusion_matrix, of.classes, per_cent=shown == "per cent", chosen=cell
                )
            ),
            key="matrix",
            on_select=_take_click,
            selection_mode="points",
            config=show.figure_config(of.named("confusion-matrix")),
            alt="Confusion matrix, rows true classes, columns predicted ones; the selectors choose a cell as well",
        )
    if images is not None and len(images):
        sheets_of_evidence(of.run, images, of.classes, PLACE, f"{of.which} {cell}")


def _choose_cell(scores: Scores) -> tuple[str, str] | None:
    """Let the user choose a cell (in the address as `true` and `predicted`); at first, the commonest mistake."""
    cell = []
    with st.container(horizontal=True):
        for (name, label), first in zip(_CELL.items(), commonest_mistake(scores), strict=True):
            value = address.settle(name, scores.classes, "class", first=first, remembers=False)
            st.selectbox(
                label, scores.classes, None if value is None else 0, placeholder="Choose a class",
                **address.follow(name, value),
            )  # fmt: skip
            cell.append(value)
    true, predicted = cell
    return (true, predicted) if true and predicted else None


def _take_click() -> None:
    points = st.session_state["matrix"].selection.points
    if points:  # empty when a cell is clicked again, which leaves it chosen
        for name, label in zip(_CELL, points[0]["customdata"], strict=False):
            address.put(name, label)
