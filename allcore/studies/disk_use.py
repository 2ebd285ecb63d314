"""What a finished member of a study keeps: what its scores are made of, and its served model where that is wanted."""

from __future__ import annotations

import shutil

from allcore.config import TrainConfig
from allcore.runs.folder.files import CHECKPOINTS_FOLDER, FEATURES_FILE, FLOAT32_FILE, KERAS_FILE, SERVED_FILE
from allcore.runs.folder.store import Run

_DROPPED = (KERAS_FILE, FLOAT32_FILE, FEATURES_FILE)
_BYTES_AN_IMAGE = 600
_BYTES_OF_RECORDS = 400_000
_BYTES_A_WEIGHT_TRAINING = 44
"""Two checkpoints with Adam's moments, the kept epochs, and the float copies of the finished model."""


def keep_small(run: Run, *, keep_model: bool) -> None:
    """Remove what a succeeded run keeps for further training alone, and its model unless `keep_model`.

    A run that is a link is another workspace's, and stays as it is.
    """
    if run.folder.is_symlink():
        return
    for name in _DROPPED if keep_model else (*_DROPPED, SERVED_FILE):
        (run.folder / name).unlink(missing_ok=True)
    shutil.rmtree(run.folder / CHECKPOINTS_FOLDER, ignore_errors=True)


def kept_bytes(config: TrainConfig, classes: int, images: int, *, keep_model: bool) -> int:
    """Return about how many bytes a finished member keeps; a model that is served in float32 takes four times its."""
    return images * _BYTES_AN_IMAGE + _BYTES_OF_RECORDS + (config.parameter_count(classes) if keep_model else 0)


def training_bytes(config: TrainConfig, classes: int) -> int:
    """Return about how many bytes a member has on the disk while it trains."""
    return _BYTES_A_WEIGHT_TRAINING * config.parameter_count(classes)
