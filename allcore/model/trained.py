"""Reading a trained network from Keras: its layers in order, each with its arrays, ready to be written as a graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from allcore.config import TrainConfig
from allcore.model.layers import CONVOLUTIONS, IMAGE, Layer, NetworkWeights, reading_rgb

_BEFORE_THE_TRUNK = ("InputLayer", "Rescaling", "Flip")


def network_weights(model: keras.Model, config: TrainConfig) -> NetworkWeights:
    """Return a trained network's weights and layers as float32 arrays and plain values."""
    layers = list(_layers_before(model, "flatten" if config.head == "flatten" else "average_pool"))
    if config.trunk.ends_in_pooling:
        layers.pop()  # the head's own graph does what the last pooling does
    if config.trunk.preprocessing.order == "BGR":
        layers = reading_rgb(layers)
    dense, classifier = (model.get_layer(name).get_weights() for name in ("features", "probabilities"))
    return NetworkWeights(
        layers=tuple(_folded(layers)),
        dense=(dense[0], dense[1]),
        classifier=(classifier[0], classifier[1]),
        head=config.head,
        image_size=config.image_size,
        trunk=config.trunk,
    )


def _layers_before(model: keras.Model, head: str) -> Iterator[Layer]:
    """Yield the trunk's layers from the model's own description, which is what its file holds too."""
    outside = set()
    for described in model.get_config()["layers"]:
        name, kind = described["name"], described["class_name"]
        if name == head:
            return
        if kind in _BEFORE_THE_TRUNK:
            outside.add(name)
            continue
        operands = list(_operands(described["inbound_nodes"][0]["args"]))
        shapes = [operand["shape"] for operand in operands if isinstance(operand, dict)]
        names = [operand["keras_history"][0] if isinstance(operand, dict) else operand for operand in operands]
        yield Layer(
            name=name,
            kind=kind,
            inputs=tuple(IMAGE if one in outside else one for one in names),
            arrays=_arrays(model, described),
            settings=described["config"],
            side=shapes[0][1] if len(shapes[0]) == 4 else 0,
        )


def _operands(argument: Any) -> Iterator[dict[str, Any] | float]:  # noqa: ANN401 - as Keras describes a call
    """Yield the descriptions of tensors and the numbers in a call's arguments."""
    if isinstance(argument, dict) and argument.get("class_name") == "__keras_tensor__":
        yield argument["config"]
    elif isinstance(argument, list | tuple):
        for part in argument:
            yield from _operands(part)
    elif isinstance(argument, int | float):
        yield float(argument)


def _arrays(model: keras.Model, described: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
    """Return a layer's arrays, with a bias of zeros where a convolution has none."""
    kind = described["class_name"]
    if kind not in (*CONVOLUTIONS, "BatchNormalization"):
        return ()
    arrays = [np.asarray(array, np.float32) for array in model.get_layer(described["name"]).get_weights()]
    if kind in CONVOLUTIONS and len(arrays) == 1:
        arrays.append(np.zeros(arrays[0].shape[3 if kind == "Conv2D" else 2], np.float32))
    return tuple(arrays)


def _folded(layers: list[Layer]) -> list[Layer]:
    """Return the layers with each normalisation that follows a convolution alone made a part of that convolution."""
    readers = Counter(one for layer in layers for one in layer.inputs)
    kept: dict[str, Layer] = {}
    for layer in layers:
        before = kept.get(layer.before)
        if (
            layer.kind == "BatchNormalization"
            and before is not None
            and before.kind in CONVOLUTIONS
            and before.settings["activation"] == "linear"
            and readers[before.name] == 1
        ):
            del kept[before.name]
            kept[layer.name] = replace(before, name=layer.name, arrays=_normalised(before, layer))
        else:
            kept[layer.name] = layer
    return list(kept.values())


def _normalised(convolution: Layer, normalisation: Layer) -> tuple[np.ndarray, np.ndarray]:
    (kernel, bias), (gamma, beta, mean, variance) = convolution.arrays, normalisation.arrays
    factor = gamma / np.sqrt(variance + np.float32(normalisation.settings["epsilon"]))
    by_output = factor if convolution.kind == "Conv2D" else factor[:, None]
    return kernel * by_output, (bias - mean) * factor + beta
