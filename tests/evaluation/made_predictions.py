"""Drawn predictions that several tests compare."""

import numpy as np
import pandas as pd

from allcore.evaluation.predictions.recorded import RecordedPredictions

CLASSES = ("Benign", "Early", "Pre", "Pro")


def recorded(certainty=0.5, seed=0, n=120, group_size=1):
    """Draw a model's predictions of n images whose labels and groups do not depend on the model's seed."""
    labels = np.array(CLASSES, object)[np.arange(n) % 4]
    p = np.random.default_rng(seed).dirichlet(np.full(4, 0.6), n) + certainty * np.eye(4)[np.arange(n) % 4]
    p /= p.sum(axis=1, keepdims=True)
    table = pd.DataFrame(
        {
            "path": [f"{label}/{number}.jpg" for number, label in enumerate(labels)],
            "sha256": [f"{number:064x}" for number in range(n)],
            "group": [f"g{number // group_size:05d}" for number in range(n)],
            "label": labels,
            **{f"probability_{name}": p[:, index] for index, name in enumerate(CLASSES)},
        }
    )
    return RecordedPredictions(CLASSES, table)


def answered(labels, said):
    """Return predictions of images of these class numbers that were called these, each in a group of its own."""
    return ranked(labels, np.eye(int(max(*labels, *said)) + 1)[np.asarray(said)])


def ranked(labels, p):
    """Return predictions of images of these class numbers with these probabilities, each in a group of its own."""
    n_classes = p.shape[1]
    names = np.array(CLASSES, object)[np.asarray(labels)]
    table = pd.DataFrame(
        {
            "path": [f"{label}/{number}.jpg" for number, label in enumerate(names)],
            "sha256": [f"{number:064x}" for number in range(len(names))],
            "group": [f"g{number:05d}" for number in range(len(names))],
            "label": names,
            **{f"probability_{name}": p[:, index] for index, name in enumerate(CLASSES[:n_classes])},
        }
    )
    return RecordedPredictions(CLASSES[:n_classes], table)


def of_rows(predictions, rows):
    return RecordedPredictions(predictions.classes, predictions.table.iloc[rows].reset_index(drop=True))


def with_column(predictions, **columns):
    return RecordedPredictions(predictions.classes, predictions.table.assign(**columns))
