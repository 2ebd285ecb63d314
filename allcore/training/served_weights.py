"""Which epoch's weights a training leaves in its model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import keras

from allcore.training.checkpoint import TrainingProgress
from allcore.training.epoch_weights import epochs_with_weights, restore_epoch_weights
from allcore.training.variable_files import UnreadableError


def take_served_weights(
    folder: Path,
    model: keras.Model,
    progress: TrainingProgress,
    keep: Literal["best", "last"],
    warn: Callable[[str], None],
) -> int | None:
    """Put the weights to be served into `model`, which has those of the last epoch, and return their epoch (0-based).

    Where those that were kept in `folder` cannot be read, it is the newest epoch that can. `warn` gets a line where
    that, or a training that diverged, makes it another epoch than was asked for. None when training diverged and no
    epoch before can be read.
    """
    last = progress.epoch - 1
    if not progress.diverged and (keep == "last" or progress.kept_epoch == last):
        return last
    for epoch in sorted(epochs_with_weights(folder), key=lambda one: (one == progress.kept_epoch, one), reverse=True):
        try:
            restore_epoch_weights(folder, model, epoch)
        except (UnreadableError, ValueError) as error:
            warn(f"the saved weights of epoch {epoch + 1} cannot be read ({error})")
            continue
        if progress.diverged:
            warn(f"{progress.diverged}. Training ended there, and epoch {epoch + 1} is served")
        elif epoch != progress.kept_epoch:
            warn(f"epoch {epoch + 1} is served, the newest whose weights can be read")
        return epoch
    if progress.diverged:
        return None
    warn(f"no saved weights can be read, so those of the last epoch, {last + 1}, are served")
    return last
