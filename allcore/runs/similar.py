"""Which training images a model sees as most like an image: those whose features point the same way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from allcore.errors import RunError
from allcore.inference.feature_distance import directions
from allcore.runs.folder.features import read_features
from allcore.runs.folder.store import Run


@dataclass(frozen=True)
class Neighbour:
    """A training image: path below its dataset's folder, class, SHA-256 of its file, cosine similarity (−1 to 1)."""

    path: str
    label: str
    sha256: str
    similarity: float


@dataclass(frozen=True)
class TrainingFeatures:
    """A run's training images (`images`: path, sha256, label) and their features scaled to length 1 (N, units)."""

    images: pd.DataFrame
    directions: np.ndarray

    def most_similar(self, features: np.ndarray, count: int) -> list[Neighbour]:
        """Return the `count` training images nearest to `features` (units,), nearest first.

        Raises `RunError` when the features are those of another network.
        """
        if features.shape != self.directions.shape[1:]:
            raise RunError(
                f"the run kept {self.directions.shape[1]} features an image, the model gives {features.shape[0]}: "
                "it is not the model of this run"
            )
        similarities = self.directions @ directions(features[None])[0].astype(np.float32)
        nearest = np.argsort(-similarities, kind="stable")[:count]
        rows = self.images.iloc[nearest]
        return [
            Neighbour(path, label, sha256, similarity)
            for path, label, sha256, similarity in zip(
                rows["path"], rows["label"], rows["sha256"], similarities[nearest].clip(-1, 1).tolist(), strict=True
            )
        ]


def read_training_features(run: Run) -> TrainingFeatures:
    """Read what a succeeded run kept of its training images. Raises `RunError` when it is missing or damaged."""
    features = read_features(run)
    rows = run.split.rows("train")
    return TrainingFeatures(
        images=run.split.table.loc[rows, ["path", "sha256", "label"]].reset_index(drop=True),
        directions=directions(features[rows]).astype(np.float32),
    )
