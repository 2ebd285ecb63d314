"""The served graph in int8: a quarter of the size, several times as fast, and its explanation adds up as well.

Static quantisation in ONNX's QDQ form. Convolution kernels are symmetric, one scale an output channel; activations are
uint8 with zero point 0, which makes the ReLU a part of the rounding (the image, less its mean, has a zero point of its
own). The dense kernel is symmetric, one scale a pooling cell and unit; its products with the pooled values are exact in
integers, so that everything behind the last convolution is linear in that convolution's output, as in float32.

Kernels use 7 of the 8 bits. Processors without VNNI or an equal multiply pairs of uint8 and int8 into a sum of 16 bits
and saturate; 2 × 255 × 64 fits, so the file says the same on every machine. (At 96 px, on 520 images of a run on the
real smears, neither 7 nor 8 bits changed a label; the most changed probability moved by 0.001 in the mean.) What a
kernel's rounding adds to the mean of its outputs is taken out of the bias (Nagel et al. 2019; the means are those of
training images).

The image gets channels of nothing up to a multiple of four, for which ONNX Runtime has convolutions that read where
the values are; those of the first layer, written out place by place, took a fifth of all the time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto

from allcore.model.graph import (
    Graph,
    as_model,
    served_model,
    write_answers,
    write_cells,
    write_image,
)
from allcore.model.layers import NetworkWeights
from allcore.model.trunk_graph import write_trunk
from allcore.networks.trunk import Convolution, Preprocessing

KERNEL_LIMIT = 64
"""Largest magnitude of a quantised weight."""
_CHANNELS_TOGETHER = 4
"""Input channels that processors multiply at once; a layer's are a multiple."""
_BIAS_LIMIT = 2**30


@dataclass(frozen=True)
class Calibration:
    """What the float32 network's convolutions see and say of typical images, by layer.

    `largest` is a layer's largest activation, `mean_inputs` the mean of each of its input channels (inputs,).
    """

    largest: Mapping[str, float]
    mean_inputs: Mapping[str, np.ndarray]


def calibrate(weights: NetworkWeights, batches: Iterable[np.ndarray]) -> Calibration:
    """Run the convolutions on uint8 batches (N, S, S, 3), at least one, and return what the quantisation needs."""
    graph = Graph()
    write_trunk(graph, weights.trunk, weights.layers)
    inputs = {node.output[0].removesuffix("_linear"): node.input[0] for node in graph.nodes if node.op_type == "Conv"}
    axes = graph.integers("all_but_channels", 0, 2, 3)
    for name, entry in inputs.items():
        graph.add("ReduceMax", [name], f"{name}.largest", keepdims=0)
        graph.add("ReduceMean", [entry, axes], f"{name}.mean_inputs", keepdims=0)
    outputs: dict[str, list[str | int]] = {f"{name}.largest": [] for name in inputs}
    outputs |= {f"{c.name}.mean_inputs": [c.inputs] for c in weights.trunk.convolutions}
    session = ort.InferenceSession(as_model(graph, weights.image_size, outputs).SerializeToString())

    answers = [(len(batch), session.run(list(outputs), {"image": batch})) for batch in batches]
    counts = [count for count, _ in answers]
    columns = dict(zip(outputs, zip(*(values for _, values in answers), strict=True), strict=True))
    return Calibration(
        largest={name: float(max(columns[f"{name}.largest"])) for name in inputs},
        mean_inputs={name: np.average(columns[f"{name}.mean_inputs"], axis=0, weights=counts) for name in inputs},
    )


def build_int8_graph(weights: NetworkWeights, calibration: Calibration) -> onnx.ModelProto:
    """Return the network as an ONNX model in int8, with the input and outputs of `build_serving_graph`."""
    graph = Graph()
    last, scale = _convolutions(graph, weights, calibration)
    cells = write_cells(graph, weights, last, np.uint8)
    kernels = weights.cell_kernels()
    scales = _scales(np.abs(kernels).max(axis=1, keepdims=True))
    graph.constant("features.kernel", _round(kernels / scales))
    graph.add("MatMulInteger", [cells, "features.kernel"], "products_integer")  # at most 2²⁴: exact in float32 too
    graph.add("Cast", ["products_integer"], "products_float", to=TensorProto.FLOAT)
    graph.constant("features.scale", (scales * scale).astype(np.float32))
    write_answers(graph, weights, graph.add("Mul", ["products_float", "features.scale"], "products"))
    return served_model(graph, weights)


def _convolutions(graph: Graph, weights: NetworkWeights, calibration: Calibration) -> tuple[str, np.float32]:
    """Write the convolutions; return the last one's quantised output, and its scale (its zero point is 0)."""
    x = write_image(graph, weights.trunk.preprocessing)
    graph.constant("zero_point", np.uint8(0))
    scale, zero_point = _image_rounding(weights.trunk.preprocessing)
    scale_name, zero = "image.scale", "image.zero_point"
    graph.constant(scale_name, scale)
    graph.constant(zero, zero_point)
    x = graph.add("QuantizeLinear", [x, scale_name, zero], "image_quantised")
    padding = graph.integers("image.padding", *[0] * 5, _missing_channels(3), 0, 0)
    x = graph.add("Pad", [x, padding, zero], "image_padded")
    block = 1
    for convolution in weights.trunk.convolutions:
        name = convolution.name
        x = graph.add("DequantizeLinear", [x, scale_name, zero], f"{name}_input")
        if convolution.block != block:
            pooled = graph.add("MaxPool", [x], f"block{block}_pool", kernel_shape=[2, 2], strides=[2, 2])
            x = graph.add("QuantizeLinear", [pooled, scale_name, zero], f"block{block}_pool_quantised")
            x = graph.add("DequantizeLinear", [x, scale_name, zero], f"{name}_pooled_input")
            block = convolution.block
        kernel, bias = _write_kernel(graph, weights, calibration, convolution, scale)
        linear = graph.add("Conv", [x, kernel, bias], f"{name}_linear", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        scale, scale_name, zero = np.float32((calibration.largest[name] or 1.0) / 255), f"{name}.scale", "zero_point"
        graph.constant(scale_name, scale)
        x = graph.add("QuantizeLinear", [linear, scale_name, zero], f"{name}_quantised")  # below 0 is 0: the ReLU
    return x, scale


def _image_rounding(preprocessing: Preprocessing) -> tuple[np.float32, np.uint8]:
    """Return the scale and the zero point with which the values of all preprocessed pixels are 8 bits.

    Their range is rounded up to three digits: VGG's, -123.68 to 151.061, is 275 wide.
    """
    channels = list(zip(preprocessing.mean, preprocessing.scale, strict=True))
    low = min((0 - mean) * scale for mean, scale in channels)
    high = max((255 - mean) * scale for mean, scale in channels)
    digit = 10.0 ** (math.floor(math.log10(high - low)) - 2)
    step = math.ceil((high - low) / digit) * digit / 255
    return np.float32(step), np.uint8(round(-low / step))


def _write_kernel(
    graph: Graph, weights: NetworkWeights, calibration: Calibration, convolution: Convolution, input_scale: np.float32
) -> tuple[str, str]:
    """Write a convolution's kernel as int8 and its bias as int32, and return the names of both dequantised."""
    name = convolution.name
    kernel, bias = weights.kernel(convolution), weights.convolutions[name][1].astype(np.float64)
    smallest = np.abs(bias) / (input_scale * _BIAS_LIMIT)  # so that the bias fits its 32 bits
    scales = _scales(np.abs(kernel).max(axis=(1, 2, 3)), smallest)
    quantised = _round(kernel / scales[:, None, None, None])
    added = (quantised * scales[:, None, None, None] - kernel).sum(axis=(2, 3)) @ calibration.mean_inputs[name]
    unit = (input_scale * scales).astype(np.float32)
    missing = _missing_channels(quantised.shape[1])
    graph.constant(f"{name}.kernel", np.pad(quantised, ((0, 0), (0, missing), (0, 0), (0, 0))))
    graph.constant(f"{name}.kernel_scale", scales)
    graph.constant(f"{name}.bias", np.rint((bias - added) / unit).astype(np.int32))
    graph.constant(f"{name}.bias_scale", unit)
    return (
        graph.add("DequantizeLinear", [f"{name}.kernel", f"{name}.kernel_scale"], f"{name}_kernel", axis=0),
        graph.add("DequantizeLinear", [f"{name}.bias", f"{name}.bias_scale"], f"{name}_bias", axis=0),
    )


def _missing_channels(channels: int) -> int:
    return -channels % _CHANNELS_TOGETHER


def _scales(largest: np.ndarray, smallest: np.ndarray | float = 0.0) -> np.ndarray:
    """Return the float32 scales with which magnitudes up to `largest` become integers up to `KERNEL_LIMIT`."""
    scales = np.maximum(largest / KERNEL_LIMIT, smallest)
    return np.where(scales > 0, scales, 1.0).astype(np.float32)


def _round(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), -KERNEL_LIMIT, KERNEL_LIMIT).astype(np.int8)
