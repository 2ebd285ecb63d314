"""The weights that a network's trunk begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import keras
from filelock import FileLock

from allcore.config import TrainConfig
from allcore.errors import WeightsError
from allcore.files import file_sha256
from allcore.model.build import build_trunk
from allcore.model.initial_weights import read_convolutions, three_ways
from allcore.model.weights_files import keras_folder, keras_weights_file, weights_file
from allcore.networks.trunk import Trunk
from allcore.writing import make_folder

_SHAPE = (32, 32, 3)
"""The smallest image that every trunk takes; its weights do not depend on it."""


def load_initial_weights(model: keras.Model, config: TrainConfig) -> dict[str, str | None]:
    """Put the initial weights into the model's trunk and return where they came from.

    Raises `WeightsError` when they cannot be had or belong to another network.
    """
    trunk = config.trunk
    if config.weights == "random":
        return {"source": "random", "sha256": None}
    file = weights_file(config.weights, trunk) or _imagenet_file(trunk)
    if trunk.convolutions:
        for name, arrays in read_convolutions(file, trunk).items():
            model.get_layer(name).set_weights(arrays)
    else:
        for layer in _load(trunk, str(file), f"weights file {file} is not one of {trunk.title}").layers:
            if layer.weights:
                model.get_layer(layer.name).set_weights(layer.get_weights())
    return {"source": file.name, "sha256": file_sha256(file)}


def _imagenet_file(trunk: Trunk) -> Path:
    """Return the file of the ImageNet weights, which Keras checks, and downloads where they are not there."""
    file = keras_weights_file(trunk)
    if file.is_file() and not file.is_relative_to(keras_folder()):
        return file
    with _alone(file):
        _load(trunk, "imagenet", "the ImageNet weights could not be downloaded")
    return keras_weights_file(trunk)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Hold the lock beside a file, where there can be one: of two downloads into one file at once neither is whole."""
    lock = FileLock(file.with_suffix(".lock"))
    with suppress(OSError, NotImplementedError):  # a folder that may not be written, or a disk without locks
        make_folder(file.parent)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _load(trunk: Trunk, weights: str, failed: str) -> keras.Model:
    """Return the trunk with weights as Keras loads them: `imagenet`, which it downloads once, or a file."""
    try:
        return build_trunk(trunk, weights=weights, input_shape=_SHAPE)
    except Exception as error:  # Keras lets errors of several network and file layers through
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{failed} ({reason}). {three_ways(trunk)}") from None
