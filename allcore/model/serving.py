"""The served graph: the network written as ONNX, with the parts of an explanation that adds up.

Evidence is HiResCAM (Draelos and Carin 2020): for class c, the gradient of c's logit with respect to the last
convolution's output, multiplied elementwise by that output and summed over channels. Behind that convolution the
network is piecewise linear (max-pooling, one ReLU layer, the classifier), so the map's sum plus what the biases
contribute equals the logit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from allcore.model.architecture import (
    CHANNELS,
    CONVOLUTIONS,
    IMAGENET_MEAN_RGB,
    evidence_side,
    pooled_side,
)

OPSET = 18
IR_VERSION = 10


@dataclass(frozen=True)
class NetworkWeights:
    """The trained weights as float32 arrays, in Keras's layouts.

    `convolutions` maps each layer to its kernel (3, 3, inputs, outputs) and bias (outputs,); `dense` is the kernel
    (inputs, units) and bias (units,) of the features layer, `classifier` (units, classes) and (classes,).
    """

    convolutions: Mapping[str, tuple[np.ndarray, np.ndarray]]
    dense: tuple[np.ndarray, np.ndarray]
    classifier: tuple[np.ndarray, np.ndarray]
    head: str
    image_size: int


class _Graph:
    """Nodes and initializers in the order in which they are written down."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray | np.generic) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def shape(self, name: str, *sizes: int) -> str:
        return self.constant(name, np.array(sizes, np.int64))

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output


def build_serving_graph(weights: NetworkWeights) -> onnx.ModelProto:
    """Return the network as an ONNX model.

    Input `image`, uint8 of shape (N, S, S, 3), RGB. Outputs `probabilities` (N, C), the softmax of the logits;
    `evidence` (N, C, S // 16, S // 16), in units of the logit; `features` (N, units), the dense layer's activations.
    """
    graph = _Graph()
    last = _convolutions(graph, weights)
    pooled = _pool(graph, last, "block5_pool")
    _head(graph, weights, pooled)
    _evidence(graph, weights, last, pooled)

    size, side = weights.image_size, evidence_side(weights.image_size)
    units, classes = weights.classifier[0].shape
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "modified_vgg16",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", size, size, 3])],
            [
                helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", classes]),
                helper.make_tensor_value_info("evidence", TensorProto.FLOAT, ["N", classes, side, side]),
                helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", units]),
            ],
            graph.initializers,
        ),
        producer_name="ALLscope",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model)
    return model


def save_with_metadata(model: onnx.ModelProto, metadata: Mapping[str, str], path: Path) -> None:
    """Write `model` with `metadata` (replacing what it had) to `path`, whole or not at all."""
    del model.metadata_props[:]
    helper.set_model_props(model, dict(metadata))
    unfinished = path.with_name(path.name + ".part")
    onnx.save(model, unfinished)
    unfinished.replace(path)


def _convolutions(graph: _Graph, weights: NetworkWeights) -> str:
    graph.add("Cast", ["image"], "image_float", to=TensorProto.FLOAT)
    graph.constant("imagenet_mean", np.array(IMAGENET_MEAN_RGB, np.float32))
    graph.add("Sub", ["image_float", "imagenet_mean"], "centred")
    x = graph.add("Transpose", ["centred"], "channels_first", perm=[0, 3, 1, 2])
    block = 1
    for convolution in CONVOLUTIONS:
        name = convolution.name
        if convolution.block != block:
            x = _pool(graph, x, f"block{block}_pool")
            block = convolution.block
        kernel, bias = weights.convolutions[name]
        if convolution is CONVOLUTIONS[0]:
            kernel = kernel[:, :, ::-1]  # the network was trained on BGR; the graph's image is RGB
        graph.constant(f"{name}.kernel", kernel.transpose(3, 2, 0, 1).astype(np.float32))
        graph.constant(f"{name}.bias", bias.astype(np.float32))
        x = graph.add(
            "Conv", [x, f"{name}.kernel", f"{name}.bias"], f"{name}_linear",
            kernel_shape=[3, 3], pads=[1, 1, 1, 1],
        )  # fmt: skip
        x = graph.add("Relu", [x], name)
    return x


def _pool(graph: _Graph, x: str, name: str) -> str:
    return graph.add("MaxPool", [x], name, kernel_shape=[2, 2], strides=[2, 2])


def _head(graph: _Graph, weights: NetworkWeights, pooled: str) -> None:
    graph.constant("features.kernel", weights.dense[0].astype(np.float32))
    graph.constant("features.bias", weights.dense[1].astype(np.float32))
    graph.constant("classifier.kernel", weights.classifier[0].astype(np.float32))
    graph.constant("classifier.bias", weights.classifier[1].astype(np.float32))
    if weights.head == "flatten":
        graph.add("Transpose", [pooled], "pooled_channels_last", perm=[0, 2, 3, 1])
        graph.add("Flatten", ["pooled_channels_last"], "flat", axis=1)
    else:
        graph.add("GlobalAveragePool", [pooled], "average")
        graph.add("Flatten", ["average"], "flat", axis=1)
    graph.add("MatMul", ["flat", "features.kernel"], "features_product")
    graph.add("Add", ["features_product", "features.bias"], "features_linear")
    graph.add("Relu", ["features_linear"], "features")
    graph.add("MatMul", ["features", "classifier.kernel"], "logits_product")
    graph.add("Add", ["logits_product", "classifier.bias"], "logits")
    graph.add("Softmax", ["logits"], "probabilities", axis=1)


def _evidence(graph: _Graph, weights: NetworkWeights, last: str, pooled: str) -> None:
    """Write the gradient of every logit back to `last`, by hand, and multiply it with `last`."""
    units, classes = weights.classifier[0].shape
    p = pooled_side(weights.image_size)
    side = evidence_side(weights.image_size)

    # d logit / d pooled: (N, p, p, C, channels)
    graph.constant("zero", np.float32(0))
    graph.add("Greater", ["features", "zero"], "active")
    graph.add("Cast", ["active"], "active_float", to=TensorProto.FLOAT)
    graph.add("Unsqueeze", ["active_float", graph.shape("axis_1", 1)], "active_per_class")
    graph.add("Transpose", ["classifier.kernel"], "classifier_rows", perm=[1, 0])
    graph.add("Mul", ["active_per_class", "classifier_rows"], "to_features")
    graph.add("Reshape", ["to_features", graph.shape("rows", -1, units)], "to_features_rows")
    graph.add("Gemm", ["to_features_rows", "features.kernel"], "to_flat", transB=1)
    if weights.head == "flatten":
        graph.add("Reshape", ["to_flat", graph.shape("per_cell", -1, classes, p, p, CHANNELS)], "to_pooled")
    else:
        graph.constant("cells", np.float32(p * p))
        graph.add("Div", ["to_flat", "cells"], "to_flat_mean")
        graph.add("Reshape", ["to_flat_mean", graph.shape("per_class", -1, classes, 1, 1, CHANNELS)], "to_mean")
        graph.add("Expand", ["to_mean", graph.shape("cell_grid", 1, 1, p, p, 1)], "to_pooled")
    graph.add("Transpose", ["to_pooled"], "gradient", perm=[0, 2, 3, 1, 4])

    # the activation that each pooling cell let through: (N, p, p, channels, 4), equal maxima sharing alike
    graph.add(
        "Slice",
        [
            last,
            graph.shape("crop_start", 0, 0),
            graph.shape("crop_end", 2 * p, 2 * p),
            graph.shape("crop_axes", 2, 3),
        ],
        "pooled_area",
    )
    graph.add("Reshape", ["pooled_area", graph.shape("windows", -1, CHANNELS, p, 2, p, 2)], "window_grid")
    graph.add("Reshape", [pooled, graph.shape("maxima", -1, CHANNELS, p, 1, p, 1)], "window_maxima")
    graph.add("Equal", ["window_grid", "window_maxima"], "is_maximum")
    graph.add("Cast", ["is_maximum"], "is_maximum_float", to=TensorProto.FLOAT)
    graph.add("ReduceSum", ["is_maximum_float", graph.shape("window_axes", 3, 5)], "maxima_count", keepdims=1)
    graph.add("Div", ["window_maxima", "maxima_count"], "share")
    graph.add("Mul", ["share", "is_maximum_float"], "let_through")
    graph.add("Transpose", ["let_through"], "let_through_cells", perm=[0, 2, 4, 1, 3, 5])
    graph.add(
        "Reshape",
        ["let_through_cells", graph.shape("cells_of_four", 0, p, p, CHANNELS, 4)],
        "let_through_four",
    )

    graph.add("MatMul", ["gradient", "let_through_four"], "evidence_cells")  # (N, p, p, C, 4)
    graph.add("Reshape", ["evidence_cells", graph.shape("cells_of_2x2", 0, p, p, classes, 2, 2)], "evidence_2x2")
    graph.add("Transpose", ["evidence_2x2"], "evidence_grid", perm=[0, 3, 1, 4, 2, 5])
    graph.add("Reshape", ["evidence_grid", graph.shape("map", 0, classes, 2 * p, 2 * p)], "evidence_area")
    edge = side - 2 * p  # an odd map has a last row and column that the pooling never sees
    graph.add("Pad", ["evidence_area", graph.shape("edge", 0, 0, 0, 0, 0, 0, edge, edge)], "evidence")
