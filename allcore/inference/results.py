"""What a model said of many images, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from allcore.data.class_names import probability_columns
from allcore.errors import ImageError
from allcore.inference.metadata import ServedMetadata
from allcore.inference.predictor import Prediction


@dataclass(frozen=True)
class Result:
    """An image's name, the SHA-256 of its file, and its prediction or why there is none."""

    name: str
    sha256: str
    outcome: Prediction | ImageError


def answer_columns(classes: Sequence[str]) -> list[str]:
    """Return the columns of a model's answers: the probability of each class, novelty and novel."""
    return [*probability_columns(classes), "novelty", "novel"]


def answers_table(
    classes: Sequence[str], paths: Sequence[str], answers: pd.DataFrame, splits: Sequence[str], errors: Sequence[str]
) -> pd.DataFrame:
    """Return one row an image, in order; `answers`, with the `answer_columns`, has those predicted, by their places.

    Columns: path, label, probability_<class> for each class, novelty, novel, split (in which the model's run had the
    same file, empty when in none) and error (empty when there is a prediction; otherwise the rest is).
    """
    probabilities = probability_columns(classes)
    labels = np.full(len(paths), "", object)
    labels[answers.index] = np.array(classes, object)[answers[probabilities].to_numpy(np.float64).argmax(axis=1)]
    every = answers.reindex(range(len(paths)))
    table = pd.DataFrame({"path": paths, "label": labels})
    table[[*probabilities, "novelty"]] = every[[*probabilities, "novelty"]].astype(np.float64)
    table["novel"] = every["novel"].astype("boolean")
    return table.assign(split=splits, error=errors)


def results_table(results: Sequence[Result], metadata: ServedMetadata) -> pd.DataFrame:
    """Return one row a result, in order, as `answers_table` does."""
    said = {place: each.outcome for place, each in enumerate(results) if isinstance(each.outcome, Prediction)}
    answers = pd.DataFrame(
        [[*one.probabilities, one.novelty, one.novel] for one in said.values()],
        index=list(said),
        columns=answer_columns(metadata.classes),
    )
    errors = ["" if place in said else str(each.outcome) for place, each in enumerate(results)]
    splits = [metadata.split_of(each.sha256) or "" for each in results]
    return answers_table(metadata.classes, [each.name for each in results], answers, splits, errors)


def folder_table(images: pd.DataFrame, said: pd.DataFrame, metadata: ServedMetadata) -> pd.DataFrame:
    """Return one row for each of the images of a folder, in order, with what `predict_catalogued` said of the usable.

    `images` has path, sha256, problem and, where they are labelled, label. Columns: those of `answers_table`, and true
    and correct where the images are labelled; `said` has the usable images' index.
    """
    answers = said.set_axis(images.index.get_indexer(said.index))
    splits = [metadata.split_of(digest) or "" for digest in images["sha256"]]
    table = answers_table(metadata.classes, list(images["path"]), answers, splits, list(images["problem"]))
    table = table.set_axis(images.index)
    if "label" in images:
        can_be_right = images.index.isin(said.index) & images["label"].isin(metadata.classes)
        right = (table["label"] == images["label"]).where(can_be_right, None).astype("boolean")
        table.insert(1, "true", images["label"])
        table.insert(3, "correct", right)
    return table
