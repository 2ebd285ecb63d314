"""The weights of epochs that may be served: the best so far or the last, as the configuration asks."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import keras

from allcore.training.variable_files import UnreadableError, assign_arrays, check_arrays, write_arrays
from allcore.writing import make_subfolder, written_whole


def save_epoch_weights(folder: Path, model: keras.Model, epoch: int) -> None:
    """Keep the model's weights as those of `epoch` (0-based). Raises `OSError`; those kept before stay as they are."""
    make_subfolder(folder)  # never the run's own, should it have been deleted
    with written_whole(_file(folder, epoch)) as unfinished:
        write_arrays(unfinished, model.variables)


def restore_epoch_weights(folder: Path, model: keras.Model, epoch: int) -> None:
    """Put the kept weights of `epoch` into `model`.

    Raises `UnreadableError` when they are missing or damaged, `ValueError` when they are another model's; the model
    then is as it was.
    """
    assign_arrays(model.variables, _file(folder, epoch))


def has_epoch_weights(folder: Path, epoch: int) -> bool:
    """Return whether weights of `epoch` are there and whole."""
    try:
        check_arrays(_file(folder, epoch))
    except UnreadableError:
        return False
    return True


def epochs_with_weights(folder: Path) -> list[int]:
    """Return the epochs of which weights are there, whole or not, in order."""
    epochs = []
    for file in folder.glob("kept-*.npz"):
        with suppress(ValueError):
            epochs.append(int(file.stem.removeprefix("kept-")))
    return sorted(epochs)


def drop_epoch_weights(folder: Path, but: Collection[int]) -> None:
    """Remove the kept weights of all epochs but some."""
    for epoch in set(epochs_with_weights(folder)) - set(but):
        _file(folder, epoch).unlink(missing_ok=True)


def _file(folder: Path, epoch: int) -> Path:
    return folder / f"kept-{epoch:05d}.npz"
