"""A trained network's weights and layers as plain values, for whatever is made of them without Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from allcore.networks.trunk import Convolution, Trunk

IMAGE = "channels_first"
"""What the trunk's first layer reads: the preprocessed image, in the graph's own name for it."""
CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D")
"""Keras's classes of convolutions."""


@dataclass(frozen=True)
class Layer:
    """One layer of a trunk: its Keras class, whose outputs (or which numbers) it reads, and its trained arrays.

    `arrays` are float32 in Keras's layouts, of a convolution the kernel and bias, of a normalisation scale, shift, mean
    and variance; `settings` are Keras's; `side` is that of the map which it reads, in places, 0 where it reads none.
    """

    name: str
    kind: str
    inputs: tuple[str | float, ...]
    arrays: tuple[np.ndarray, ...]
    settings: Mapping[str, Any]
    side: int

    @property
    def before(self) -> str:
        """Name of the one layer that it reads."""
        return str(self.inputs[0])


@dataclass(frozen=True)
class NetworkWeights:
    """A trained network as the served graph wants it.

    `layers` are the trunk's, first to last, up to the map whose evidence is looked for; `dense` is the kernel (inputs,
    units) and bias (units,) of the features layer, `classifier` (units, classes) and (classes,). All are float32 and in
    Keras's layouts.
    """

    layers: tuple[Layer, ...]
    dense: tuple[np.ndarray, np.ndarray]
    classifier: tuple[np.ndarray, np.ndarray]
    head: str
    image_size: int
    trunk: Trunk

    @property
    def map_side(self) -> int:
        """The side of the map whose evidence is looked for."""
        return self.trunk.map_side(self.image_size)

    @property
    def pooled_side(self) -> int:
        """The side of the map that the head sees."""
        return self.trunk.pooled_side(self.image_size)

    @property
    def convolutions(self) -> dict[str, tuple[np.ndarray, ...]]:
        """Kernel (height, width, inputs, outputs) and bias (outputs,) of each convolution, by its layer."""
        return {layer.name: layer.arrays for layer in self.layers if layer.kind in CONVOLUTIONS}

    def kernel(self, convolution: Convolution) -> np.ndarray:
        """Return a convolution's kernel as the graph applies it: (outputs, inputs, height, width)."""
        return np.ascontiguousarray(self.convolutions[convolution.name][0].transpose(3, 2, 0, 1))

    def cell_kernels(self) -> np.ndarray:
        """Return the dense kernel by place: (places, channels, units); one place where they are averaged."""
        kernel = np.asarray(self.dense[0], np.float32)
        if self.head == "flatten":
            return kernel.reshape(-1, self.trunk.channels, kernel.shape[1])
        return kernel[None] / np.float32(self.pooled_side**2)


def reading_rgb(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers of a trunk that was trained on BGR as they are for RGB: with the first kernel turned round."""
    first = next(number for number, layer in enumerate(layers) if layer.kind == "Conv2D")
    kernel, bias = layers[first].arrays
    turned = replace(layers[first], arrays=(np.ascontiguousarray(kernel[:, :, ::-1]), bias))
    return [*layers[:first], turned, *layers[first + 1 :]]


def chain_layers(trunk: Trunk, arrays: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> tuple[Layer, ...]:
    """Return the layers of a trunk that is a plain chain, with its poolings, from the kernels and biases."""
    layers: list[Layer] = []
    before = IMAGE
    for number, convolution in enumerate(trunk.convolutions):
        settings: dict[str, Any] = {"padding": "same", "strides": (1, 1), "activation": "relu"}
        layers.append(Layer(convolution.name, "Conv2D", (before,), arrays[convolution.name], settings, 0))
        before = convolution.name
        following = trunk.convolutions[number + 1 : number + 2]
        if not following or following[0].block != convolution.block:
            pool = f"block{convolution.block}_pool"
            layers.append(Layer(pool, "MaxPooling2D", (before,), (), {"pool_size": (2, 2), "strides": (2, 2)}, 0))
            before = pool
    return tuple(reading_rgb(layers) if trunk.preprocessing.order == "BGR" else layers)
