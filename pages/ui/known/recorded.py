"""What runs recorded of their test images, and its scores: read and computed once for all pages and visitors."""

from __future__ import annotations

import streamlit as st

from allcore.evaluation.predictions.recorded import RecordedPredictions, recorded_at, recorded_predictions
from allcore.evaluation.scoring.scores import Scores
from allcore.runs.folder.store import Run
from pages.ui.known.runs import run_at


def recorded(run: Run, split: str = "test") -> RecordedPredictions:
    """Return what a run recorded of a split, kept until it records something else. Raises `RunError`."""
    return _recorded(str(run.folder), recorded_at(run), split)


def recorded_scores(run: Run, split: str = "test") -> Scores:
    """Return the scores of what a run recorded of a split. Raises `InputError`."""
    return _scores(str(run.folder), recorded_at(run), split)


@st.cache_resource(max_entries=64, show_spinner=False)
def _recorded(folder: str, written: int, split: str) -> RecordedPredictions:
    return recorded_predictions(run_at(folder), split)


@st.cache_resource(max_entries=1_000, show_spinner="Scoring …")
def _scores(folder: str, written: int, split: str) -> Scores:
    return _recorded(folder, written, split).score()
