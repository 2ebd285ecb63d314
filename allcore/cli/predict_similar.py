"""`predict --similar`: the training images that a model sees as most like an image."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from allcore.cli.kit.output import say
from allcore.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np

    from allcore.inference.metadata import ServedMetadata
    from allcore.runs.similar import TrainingFeatures


def training_features(file: Path, metadata: ServedMetadata) -> TrainingFeatures:
    """Return what the run of a model's `file` kept of its training images.

    Raises `InputError` where the run is not in the file's folder or the workspace, or kept nothing.
    """
    from allcore.errors import RunError
    from allcore.runs.folder.store import RunStore, run_of_model
    from allcore.runs.similar import read_training_features
    from allcore.workspace import open_workspace

    try:
        run = run_of_model(file) or RunStore(open_workspace().runs).find(metadata.run)
        return read_training_features(run)
    except RunError as error:
        raise InputError(f"--similar needs what the model's run kept of its training images: {error}") from None


def say_similar(rows: Iterable[dict[str, Any]]) -> None:
    """Say the training images most like each image, with the cosine similarity of their features."""
    for row in rows:
        say(f"\n{row['path']} is most like the training images (1 means identical)")
        for near in row["similar"]:
            say(f"  {near['similarity']:.3f}  {near['label']}  {near['path']}")


def similar_rows(features: TrainingFeatures, of: np.ndarray, count: int) -> list[dict[str, Any]]:
    """Return the `count` training images nearest to an image's features `of` (units,) as JSON values."""
    return [asdict(near) for near in features.most_similar(of, count)]
