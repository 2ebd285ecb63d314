"""What scoring a model on labelled images came to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from allcore.evaluation.predictions.recorded import RecordedPredictions, with_answers
from allcore.evaluation.scoring.scores import Scores


@dataclass(frozen=True)
class Evaluation:
    """Predictions of labelled images, what predicted which, and what a reader should know about it.

    `datasets` are the folders that may say what the classes mean, the first one first. `validation` are the run's
    predictions of other images, on which a threshold for these may be chosen, where there are such.
    """

    model: str
    data: str
    predictions: RecordedPredictions
    notes: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    validation: RecordedPredictions | None = None

    @cached_property
    def scores(self) -> Scores:
        """What the predictions are worth. Raises `InputError` when there is no image."""
        return self.predictions.score()

    @cached_property
    def without_twins(self) -> Scores | None:
        """Scores of the images that are not in train and share their group with none there.

        None where no image shares its group with one in train, or none is left.
        """
        alone = self.predictions.without_twins()
        return alone.score() if self.predictions.table["twin"].any() and len(alone.table) else None


def labelled_predictions(rows: pd.DataFrame, said: pd.DataFrame, classes: tuple[str, ...]) -> RecordedPredictions:
    """Put rows of path, sha256, label, group, twin, trained and stain together with `predict_catalogued`'s answers."""
    table = rows[["path", "sha256", "label", "group", "twin", "trained", "stain"]].reset_index(drop=True)
    return RecordedPredictions(classes, with_answers(pd.concat([table, said.reset_index(drop=True)], axis=1), classes))


def twin_notes(of: RecordedPredictions, images: str, with_what: str) -> tuple[str, ...]:
    """Return the note on images that share a group with others that a model was trained on; none without any."""
    twins = int(of.table["twin"].sum())
    if not twins:
        return ()
    worth = "the score looks better than it is" if of.twins_flatter else "they do not raise the score"
    others = len(of.held_out)
    if others < len(of.table):
        images, worth = f"{images} that are not in train", f"among these, {worth}"
    return (f"{twins:,} of {others:,} {images} share a group with {with_what}; {worth}",)
