"""The run, its split and their scores that all tabs of the Evaluate page are about."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from allcore.errors import RunError
from allcore.evaluation.predictions.evaluation_run import EvaluationRecord, evaluation_record
from allcore.evaluation.predictions.recorded import RecordedPredictions, recorded_at
from allcore.evaluation.predictions.relabelled import Relabelled, relabelled
from allcore.evaluation.scoring.scores import Scores
from allcore.runs.folder.store import Run
from allcore.workspace import open_workspace
from pages.ui.known.recorded import recorded, recorded_scores
from pages.ui.known.runs import run_at, watched


@dataclass(frozen=True)
class Evaluated:
    """A run's predictions of the images of one split, their scores, and those of images that train does not know.

    `alone` has the scores without images that have a twin in train, or that the model was trained on; None where no
    image is left. Where the run is a model's scoring of a folder, `scored` says of which.
    Where another version of the labels counts than the run recorded, `relabelled` says what it changes.
    `lends` says whether there are training images, which probes borrow from.
    """

    run: Run
    split: str
    predictions: RecordedPredictions
    scores: Scores
    alone: Scores | None
    lends: bool
    scored: EvaluationRecord | None = None
    relabelled: Relabelled | None = None

    @property
    def images(self) -> str:
        """What the images are called: those of the run's split, or just images."""
        return "images" if self.scored else f"{self.split} images"

    @property
    def noun(self) -> str:
        """What is evaluated: a run on its own images, or a model on any."""
        return "model" if self.scored else "run"

    @property
    def datasets(self) -> tuple[str, ...]:
        """The folders that may say what the classes mean, the first one first."""
        return self.scored.datasets if self.scored else (self.run.config.dataset,)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the confusion matrix."""
        return self.predictions.classes

    @property
    def labels(self) -> str | None:
        """The version of the labels that counts; None for those that the run recorded."""
        return self.relabelled.name if self.relabelled else None

    @property
    def which(self) -> str:
        """What tells these predictions from others, however many labels are judged meanwhile."""
        return f"{self.run.folder} {self.split} {self.relabelled is None}"

    def named(self, what: str) -> str:
        """Return the name under which a table or figure of this run and split is kept and downloaded."""
        return "-".join(filter(None, (what, self.run.id, self.split, self.labels)))


def evaluated(run: Run, split: str, labels: str | None = None) -> Evaluated:
    """Return what the page shows of a run's split, kept until the run records others; its dataset as it is called now.

    `labels` is the version of the labels that counts; None for those that the run recorded. Raises `InputError`.
    """
    return replace(_evaluated(str(run.folder), recorded_at(run), split, labels), run=watched(run))


@st.cache_resource(max_entries=16, show_spinner="Scoring …")
def _evaluated(folder: str, written: int, split: str, labels: str | None) -> Evaluated:
    run = run_at(folder)
    changed = None if labels is None else with_labels(run, split, labels)
    predictions = recorded(run, split) if changed is None else changed.predictions
    scored = recorded_scores(run, split) if changed is None else predictions.score()
    alone = predictions.without_twins()
    scores = alone.score() if len(alone.table) else None
    record = evaluation_record(run)
    return Evaluated(run, split, predictions, scored, scores, _lends(run), record, changed)


def with_labels(run: Run, split: str, labels: str) -> Relabelled:
    """Return a run's predictions against a version of the labels of its dataset. Raises `InputError`."""
    at = open_workspace()
    return relabelled(recorded(run, split), run.config, labels, at.cache, at.judgements)


def _lends(run: Run) -> bool:
    try:
        return bool((run.split.table["split"] == "train").any())
    except RunError:  # what needs the images says what is wrong
        return True
