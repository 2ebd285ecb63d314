"""The weights that a network's trunk begins with."""

from __future__ import annotations

import keras

from allcore.config import TrainConfig
from allcore.errors import WeightsError
from allcore.files import file_sha256
from allcore.model.build import build_trunk
from allcore.model.initial_weights import read_convolutions, three_ways
from allcore.model.weights_files import keras_weights_file, weights_file
from allcore.networks.trunk import Trunk

_SHAPE = (32, 32, 3)
"""The smallest image that every trunk takes; its weights do not depend on it."""


def load_initial_weights(model: keras.Model, config: TrainConfig) -> dict[str, str | None]:
    """Put the initial weights into the model's trunk and return where they came from.

    Raises `WeightsError` when they cannot be had or belong to another network.
    """
    trunk = config.trunk
    if config.weights == "random":
        return {"source": "random", "sha256": None}
    file = weights_file(config.weights, trunk)
    if file is None:
        _load(trunk, "imagenet", "the ImageNet weights could not be downloaded")
        file = keras_weights_file(trunk)
    if trunk.convolutions:
        for name, arrays in read_convolutions(file, trunk).items():
            model.get_layer(name).set_weights(arrays)
    else:
        for layer in _load(trunk, str(file), f"weights file {file} is not one of {trunk.title}").layers:
            if layer.weights:
                model.get_layer(layer.name).set_weights(layer.get_weights())
    return {"source": file.name, "sha256": file_sha256(file)}


def _load(trunk: Trunk, weights: str, failed: str) -> keras.Model:
    """Return the trunk with weights as Keras loads them: `imagenet`, which it downloads once, or a file."""
    try:
        return build_trunk(trunk, weights=weights, input_shape=_SHAPE)
    except Exception as error:  # Keras lets errors of several network and file layers through
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{failed} ({reason}). {three_ways(trunk)}") from None
