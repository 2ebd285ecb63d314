"""Everything that is reported about one set of predictions, each score with its interval."""

import math
from collections.abc import Sequence
from typing import Any, SupportsFloat

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from allcore.arrays import FloatArray, IntArray
from allcore.errors import InputError
from allcore.evaluation.scoring import metrics
from allcore.evaluation.scoring.intervals import bootstrap_intervals, group_indices
from allcore.evaluation.scoring.score_intervals import score_intervals
from allcore.evaluation.scoring.score_table import absent_by_chance, score_table

LABEL_METRICS = (
    *("accuracy", "balanced_accuracy", "precision_weighted", "recall_weighted", "f1_weighted"),
    *("precision_macro", "recall_macro", "f1_macro", "specificity_macro", "npv_macro", "mcc"),
)
SCALAR_METRICS = (*LABEL_METRICS, "auroc_macro", "average_precision_macro", "ece", "brier", "log_loss")
CLASS_METRICS = ("precision", "recall", "specificity", "npv", "f1", "auroc", "average_precision")

Interval = tuple[float | None, float | None]


class ClassScores(BaseModel):
    """One class against the rest, in fractions; `None` where a value or an end of its interval is undefined."""

    model_config = ConfigDict(frozen=True)

    support: int
    precision: float | None
    recall: float | None
    specificity: float | None
    npv: float | None
    f1: float | None
    auroc: float | None
    average_precision: float | None
    intervals: dict[str, Interval]


class Scores(BaseModel):
    """Scores of N images in fractions, with 95 % intervals; `None` where undefined.

    `interval_method` is that of the proportions (accuracy; recall, precision, specificity and NPV of each class):
    "wilson", or "group bootstrap" where groups hold several images, widened as `proportion_interval` says. All other
    intervals are percentiles of the bootstrap over groups, which sees little past a score near perfection. That of a
    class's F1 is as `f1_interval` says; the others are no narrower than theory has them, with groups as trials: AUROC
    by `auroc_interval`, average precision by Wilson's with the class's groups as trials (Boyd, Eng and Page, 2013),
    averages by `average_interval`, and MCC by what follows from the ends of the classes' recalls.
    """

    model_config = ConfigDict(frozen=True)

    n: int
    accuracy: float
    balanced_accuracy: float
    precision_weighted: float
    recall_weighted: float
    f1_weighted: float
    precision_macro: float
    recall_macro: float
    f1_macro: float
    specificity_macro: float | None
    npv_macro: float | None
    mcc: float | None
    auroc_macro: float | None
    average_precision_macro: float
    ece: float
    brier: float
    log_loss: float
    intervals: dict[str, Interval]
    interval_method: str
    per_class: dict[str, ClassScores]
    confusion_matrix: list[list[int]]
    classes: list[str]

    def to_json(self) -> dict[str, Any]:
        """Scores as JSON values, the keys in the order above."""
        return self.model_dump(mode="json")


def score(
    labels: Sequence[str],
    probabilities: npt.NDArray[np.floating],
    classes: Sequence[str],
    groups: Sequence[Any] | None = None,
    *,
    samples: int = 2000,
    seed: int = 0,
) -> Scores:
    """Score `probabilities` (N, C), columns in the order of `classes`, against the true `labels` (N,).

    `groups` (N,) holds the overlap group of each image; `None` makes each its own. The prediction is the most probable
    class. Raises `InputError` if lengths disagree, a label is not in `classes`, or a row is no distribution.
    """
    true, p, group_of_image = _checked(labels, probabilities, classes, groups)
    n_images, n_groups = len(true), int(group_of_image.max()) + 1
    predicted = p.argmax(axis=1)
    matrix = metrics.confusion_matrix(true, predicted, len(classes))
    values = score_table(true, p, np.ones(n_images))
    absent = absent_by_chance(matrix)
    bootstrap = bootstrap_intervals(
        lambda multiplicity: score_table(true, p, multiplicity, absent),
        n_images,
        group_of_image,
        samples=samples,
        seed=seed,
    )
    intervals = score_intervals(values, bootstrap, true, predicted, group_of_image)
    per_class = {
        label: {
            "support": int(matrix[index].sum()),
            **{name: fraction(values[name][index]) for name in CLASS_METRICS},
            "intervals": {name: tuple(map(fraction, intervals[name][:, index])) for name in CLASS_METRICS},
        }
        for index, label in enumerate(classes)
    }
    return Scores.model_validate(
        {
            "n": n_images,
            **{name: fraction(values[name]) for name in SCALAR_METRICS},
            "intervals": {name: tuple(map(fraction, intervals[name])) for name in SCALAR_METRICS},
            "interval_method": "wilson" if n_groups == n_images else "group bootstrap",
            "per_class": per_class,
            "confusion_matrix": matrix.tolist(),
            "classes": list(classes),
        }
    )


def _checked(
    labels: Sequence[str],
    probabilities: npt.NDArray[np.floating],
    classes: Sequence[str],
    groups: Sequence[Any] | None,
) -> tuple[IntArray, FloatArray, IntArray]:
    """Class indices (N,), probabilities (N, C) as float64 and group indices (N,), once they hold together."""
    if len(labels) == 0:
        raise InputError("There is no image to score. Expected at least one labelled image; add some.")
    if unknown := sorted(set(labels) - set(classes)):
        raise InputError(
            f"Label {unknown[0]!r} is none of the classes {', '.join(classes)}. Name the folders like the classes."
        )
    p = np.asarray(probabilities, dtype=np.float64)
    if p.shape != (len(labels), len(classes)):
        raise InputError(
            f"The probabilities have shape {p.shape}; expected ({len(labels)}, {len(classes)}), a row an image and "
            "a column a class. Give the predictions of these images by a model of these classes."
        )
    wrong = ~np.isfinite(p).all(axis=1) | (p < 0).any(axis=1) | (np.abs(p.sum(axis=1) - 1) > 1e-3)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"Row {row} of the probabilities is {p[row].tolist()}; expected finite numbers from 0 to 1 that sum to "
            "1. Give the softmax's output."
        )
    if groups is not None and len(groups) != len(labels):
        raise InputError(f"{len(groups)} groups for {len(labels)} images; give one group an image.")
    index_of = {name: index for index, name in enumerate(classes)}
    return np.array([index_of[label] for label in labels]), p, group_indices(len(labels), groups)


def fraction(value: SupportsFloat) -> float | None:
    """Return a score or difference as a plain number; `None` where it is undefined (nan)."""
    number = float(value)
    return None if math.isnan(number) else number
