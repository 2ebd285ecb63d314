"""The run, its split and their scores that all tabs of the Evaluate page are about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from allcore.errors import RunError
from allcore.evaluation.predictions.in_run_form import EvaluationRecord, evaluation_record
from allcore.evaluation.predictions.recorded import RecordedPredictions, recorded_at, recorded_predictions
from allcore.evaluation.scoring.scores import Scores
from allcore.runs.store import Run
from pages.ui.live import watched


@dataclass(frozen=True)
class Evaluated:
    """A run's predictions of the images of one split, their scores, and those without twins in train.

    `alone` is None when all images are twins. Where the run is a model's scoring of a folder, `scored` says of which.
    `lends` says whether there are training images, which probes borrow from.
    """

    run: Run
    split: str
    predictions: RecordedPredictions
    scores: Scores
    alone: Scores | None
    lends: bool
    scored: EvaluationRecord | None = None

    @property
    def images(self) -> str:
        """What the images are called: those of the run's split, or just images."""
        return "images" if self.scored else f"{self.split} images"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the confusion matrix."""
        return self.predictions.classes

    def named(self, what: str) -> str:
        """Return the name under which a table or figure of this run and split is kept and downloaded."""
        return f"{what}-{self.run.id}-{self.split}"


def evaluated(run: Run, split: str) -> Evaluated:
    """Return what the page shows of a run's split, kept until the run records others. Raises `InputError`."""
    return _evaluated(str(run.folder), recorded_at(run), split)


@st.cache_resource(max_entries=16, show_spinner="Scoring …")
def _evaluated(folder: str, written: int, split: str) -> Evaluated:
    run = watched(Run(Path(folder)))
    predictions = recorded_predictions(run, split)
    alone = predictions.without_twins()
    scores = alone.score() if len(alone.table) else None
    return Evaluated(run, split, predictions, predictions.score(), scores, _lends(run), evaluation_record(run))


def _lends(run: Run) -> bool:
    try:
        return bool((run.split.table["split"] == "train").any())
    except RunError:  # what needs the images says what is wrong
        return True
