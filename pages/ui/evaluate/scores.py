"""The table of scores, beside the paper's where these may stand there."""

from __future__ import annotations

import streamlit as st

from allcore.data.known_images import OF_DRAWN
from allcore.reporting.interval_words import intervals_in_words
from allcore.reporting.score_tables import headline_table
from pages.ui import show
from pages.ui.evaluate.evaluated import Evaluated


def show_scores(now: Evaluated) -> None:
    """Show every score with its interval, and how the intervals were made."""
    of_paper = now.predictions.beside_paper
    headline = headline_table(now.scores)
    show.table(
        headline if of_paper else headline.drop(columns="paper"),
        now.named("scores"),
        f"Scores with 95 % intervals, support-weighted{' beside the paper' if of_paper else ''}, then macro averages",
        {
            "weighted": show.per_cent_column("weighted (%)", "every class counts by its number of images", 2),
            "low": show.per_cent_column("95 % from", decimals=2),
            "high": show.per_cent_column("to", decimals=2),
            "paper": show.per_cent_column("the paper (%)", decimals=2),
            "macro": show.per_cent_column("macro (%)", "the mean over classes; of accuracy, the balanced accuracy", 2),
            "macro_low": show.per_cent_column("macro 95 % from", decimals=2),
            "macro_high": show.per_cent_column("macro to", decimals=2),
        },
        placeholder="",
    )
    st.caption(
        f"Intervals: {intervals_in_words(now.scores.interval_method)}"
        + (" The paper tested other images, at 300 px." if of_paper else "")
        + (f" {OF_DRAWN}" if now.predictions.are_drawn else "")
    )
