"""The values of a model's or an optimizer's variables in one file: numbered arrays, no pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np


class UnreadableError(Exception):
    """A file of arrays, or one that goes with it, is gone or damaged."""


def write_arrays(path: Path, variables: Sequence[keras.Variable]) -> None:
    """Write the variables' values to `path`, whose name ends in .npz. Raises `OSError` when the disk refuses."""
    arrays = {f"{index:04d}": variable.numpy() for index, variable in enumerate(variables)}
    np.savez(path, allow_pickle=False, **arrays)


def assign_arrays(variables: Sequence[keras.Variable], path: Path) -> None:
    """Give the variables the values that stand in `path`, to all of them or, when it raises, to none.

    Raises `UnreadableError` when the file is gone or damaged, `ValueError` when it belongs to other variables.
    """
    arrays = _read(path)
    shapes, expected = [array.shape for array in arrays], [tuple(variable.shape) for variable in variables]
    if len(shapes) != len(expected):
        raise ValueError(f"{path.name} has {len(shapes)} arrays, the model {len(expected)}")
    for index, (found, wanted) in enumerate(zip(shapes, expected, strict=True)):
        if found != wanted:
            raise ValueError(f"array {index} of {path.name} has the shape {found}, the model's {wanted}")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def check_arrays(path: Path) -> None:
    """Raise `UnreadableError` when a file of arrays is gone or damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except Exception as error:  # zipfile has an exception of its own for each kind of damage
        raise UnreadableError(f"{path.name} cannot be read ({error})") from None
    if damaged is not None:
        raise UnreadableError(f"{path.name} is damaged in {damaged}")


def _read(path: Path) -> list[np.ndarray]:
    check_arrays(path)  # before anything is believed that the file says of its sizes
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return [arrays[f"{index:04d}"] for index in range(len(arrays.files))]
    except Exception as error:  # foreign arrays, say
        raise UnreadableError(f"{path.name} cannot be read ({error})") from None
