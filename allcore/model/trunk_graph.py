"""Writing a trunk's layers as ONNX, in float32. A layer of another kind is one more function in `_WRITERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from allcore.model.graph import Graph, write_image
from allcore.model.layers import IMAGE, Layer
from allcore.networks.trunk import Trunk

_ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "hard_silu": "HardSwish"}


def write_trunk(graph: Graph, trunk: Trunk, layers: Sequence[Layer]) -> str:
    """Write the preprocessing and the layers, each under its own name, and return the name of the last one's output."""
    names: dict[str | float, str] = {IMAGE: write_image(graph, trunk.preprocessing)}
    for layer in layers:
        for number in (one for one in layer.inputs if isinstance(one, float)):
            names[number] = graph.constant(f"{layer.name}.number", np.float32(number))
        names[layer.name] = _WRITERS[layer.kind](graph, layer, [names[one] for one in layer.inputs])
    return names[layers[-1].name]


def _convolution(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    kernel, bias = layer.arrays
    depthwise = layer.kind == "DepthwiseConv2D"
    size, stride = kernel.shape[0], layer.settings["strides"][0]
    before, after = _padding(layer.settings["padding"], layer.side, size, stride)
    activation = layer.settings["activation"]
    graph.constant(f"{layer.name}.kernel", kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1))
    graph.constant(f"{layer.name}.bias", bias)
    output = graph.add(
        "Conv",
        [inputs[0], f"{layer.name}.kernel", f"{layer.name}.bias"],
        layer.name if activation == "linear" else f"{layer.name}_linear",
        kernel_shape=[size, size], strides=[stride, stride], pads=[before, before, after, after],
        group=kernel.shape[2] if depthwise else 1,
    )  # fmt: skip
    return output if activation == "linear" else _activate(graph, activation, output, layer.name)


def _padding(padding: str, side: int, size: int, stride: int) -> tuple[int, int]:
    """Return how many zeros TensorFlow puts before and after a side."""
    if padding == "valid":
        return 0, 0
    total = max((-(-side // stride) - 1) * stride + size - side, 0)
    return total // 2, total - total // 2


def _activation(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    return _activate(graph, layer.settings["activation"], inputs[0], layer.name)


def _activate(graph: Graph, activation: str, x: str, name: str) -> str:
    if activation == "silu":
        return graph.add("Mul", [x, graph.add("Sigmoid", [x], f"{name}_gate")], name)
    return graph.add(_ACTIVATIONS[activation], [x], name)


def _relu(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    largest = layer.settings["max_value"]
    if largest is None:
        return graph.add("Relu", inputs, layer.name)
    bounds = [
        graph.constant(f"{layer.name}.{end}", np.float32(value)) for end, value in (("low", 0), ("high", largest))
    ]
    return graph.add("Clip", [inputs[0], *bounds], layer.name)


def _normalisation(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    arrays = zip(("scale", "shift", "mean", "variance"), layer.arrays, strict=True)
    names = [graph.constant(f"{layer.name}.{name}", array) for name, array in arrays]
    return graph.add("BatchNormalization", [inputs[0], *names], layer.name, epsilon=layer.settings["epsilon"])


def _zero_padding(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    (top, bottom), (left, right) = layer.settings["padding"]
    pads = graph.integers(f"{layer.name}.pads", 0, 0, top, left, 0, 0, bottom, right)
    return graph.add("Pad", [inputs[0], pads], layer.name)


def _pooling(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    operator = "MaxPool" if layer.kind == "MaxPooling2D" else "AveragePool"
    settings: Mapping[str, Any] = layer.settings
    return graph.add(
        operator, inputs, layer.name, kernel_shape=list(settings["pool_size"]), strides=list(settings["strides"])
    )


def _average(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    return graph.add("GlobalAveragePool", inputs, layer.name)


def _sum(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    return graph.add("Add", inputs, layer.name)


def _product(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    return graph.add("Mul", inputs, layer.name)


def _concatenation(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    return graph.add("Concat", inputs, layer.name, axis=1)


def _nothing(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    """Write nothing: dropout is for training alone, and an average of one place each has the shape already."""
    return inputs[0]


_WRITERS: dict[str, Callable[[Graph, Layer, list[str]], str]] = {
    "Conv2D": _convolution,
    "DepthwiseConv2D": _convolution,
    "BatchNormalization": _normalisation,
    "Activation": _activation,
    "ReLU": _relu,
    "ZeroPadding2D": _zero_padding,
    "MaxPooling2D": _pooling,
    "AveragePooling2D": _pooling,
    "GlobalAveragePooling2D": _average,
    "Add": _sum,
    "Multiply": _product,
    "Concatenate": _concatenation,
    "Dropout": _nothing,
    "Reshape": _nothing,
}
