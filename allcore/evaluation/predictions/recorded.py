"""What a run recorded of one of its splits: every image's prediction, ready to be scored and looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from allcore.arrays import FloatArray, IntArray
from allcore.data.class_names import classes_of_columns, in_order, probability_columns
from allcore.data.known_images import known_images
from allcore.errors import RunError
from allcore.evaluation.scoring.scores import Scores, score
from allcore.paper import has_papers_classes
from allcore.runs.folder.files import PREDICTIONS_FILE
from allcore.runs.folder.store import Run

_COLUMNS = ("path", "sha256", "group", "split", "label", "novelty", "novel")


@dataclass(frozen=True)
class RecordedPredictions:
    """The served model's predictions of the images of one split of a run.

    `table` has one row an image: path, sha256, group, label, predicted, correct, confidence (the probability of the
    predicted class), twin (whether an image in train shares its group), stain (its stain cluster, '' where that is not
    known), novelty, novel and `probability_<class>`; and where a folder was scored, trained (whether the model was
    trained on this very image, which is no twin then).
    """

    classes: tuple[str, ...]
    table: pd.DataFrame

    @cached_property
    def labels(self) -> IntArray:
        """The true class numbers (N,)."""
        return pd.Categorical(self.table["label"], categories=list(self.classes)).codes.astype(np.int64)

    @cached_property
    def probabilities(self) -> FloatArray:
        """The calibrated probabilities (N, C), columns in the order of `classes`."""
        return self.table[probability_columns(self.classes)].to_numpy(np.float64)

    def score(self) -> Scores:
        """Score the predictions. Raises `InputError` when there is no image."""
        return score(list(self.table["label"]), self.probabilities, self.classes, list(self.table["group"]))

    @property
    def held_out(self) -> pd.DataFrame:
        """The rows of the images that the model was not trained on."""
        return self.table[~self.table["trained"]] if "trained" in self.table else self.table

    def without_twins(self) -> RecordedPredictions:
        """Return the predictions of the images that are not in train and share their group with none in train."""
        rows = self.held_out
        return replace(self, table=rows[~rows["twin"]].reset_index(drop=True))

    @property
    def twins_flatter(self) -> bool:
        """Whether the accuracy is lower without the images that share their group with one in train, or none is left.

        Else those images do not raise it, or there are none. Images in train are left out throughout.
        """
        rows = self.held_out
        alone = rows.loc[~rows["twin"], "correct"]
        return alone.empty or bool(alone.mean() < rows["correct"].mean())

    @property
    def are_drawn(self) -> bool:
        """Whether the images are smears that the program drew, as the names of their files tell."""
        return known_images(self.table["path"]) == "drawn"

    @property
    def beside_paper(self) -> bool:
        """Whether the paper's figures may stand beside these: the classes are its own, and the images not drawn."""
        return has_papers_classes(self.classes) and not self.are_drawn


def recorded_predictions(run: Run, split: str) -> RecordedPredictions:
    """Return what `run` recorded of its `split` ("validation" or "test"). Raises `RunError` when it is damaged."""
    every = run.predictions()
    # a folder that a model was scored on may lack some of its classes
    classes = in_order([*run.split.classes, *classes_of_columns(map(str, every))])
    missing = [name for name in (*_COLUMNS, *probability_columns(classes)) if name not in every]
    if missing:
        raise RunError(f"run {run.id}: {PREDICTIONS_FILE} lacks the columns {', '.join(missing)}")
    table = every[every["split"] == split].reset_index(drop=True)
    if not set(table["label"]) <= set(classes):
        raise RunError(f"run {run.id}: {PREDICTIONS_FILE} has classes that the run's split has not")
    table = with_answers(table, classes)
    if "twin" not in table:  # a study's out-of-fold predictions know it, whose split has no train images
        table["twin"] = table["path"].isin(run.split.table.loc[run.split.twins_in_train(), "path"])
    if "trained" not in table:  # the scoring of a folder knows it; a run tests no image that it trained on
        table["trained"] = False
    stains = run.split.table.set_index("path")["stain"]
    table["stain"] = stains.reindex(table["path"]).fillna("").to_numpy()
    return RecordedPredictions(classes, table)


def with_answers(table: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return a table with label and `probability_<class>` of these classes with predicted, correct and confidence."""
    probabilities = table[probability_columns(classes)].to_numpy(np.float64)
    predicted = np.array(classes, object)[probabilities.argmax(axis=1)]
    return table.assign(
        predicted=predicted, correct=predicted == table["label"].to_numpy(), confidence=probabilities.max(axis=1)
    )


def recorded_at(run: Run) -> int:
    """Return when the run's predictions were written, in nanoseconds since the epoch; 0 while there are none."""
    try:
        return (run.folder / PREDICTIONS_FILE).stat().st_mtime_ns
    except OSError:
        return 0
