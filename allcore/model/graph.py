"""Writing the served graph as ONNX: its entry, and its answers with the parts of an explanation that adds up.

Evidence is HiResCAM (Draelos and Carin 2020): for class c, the gradient of c's logit with respect to the last
convolution's output, multiplied elementwise by that output and summed over channels. Behind that convolution the
network is piecewise linear (max-pooling, one ReLU layer, the classifier), so the map's sum plus what the biases
contribute equals the logit. The graph computes the dense layer as one product for each value that the pooling lets
through; their sum is the layer, and each one's way on to the logits is the evidence of its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from allcore.model.architecture import (
    CHANNELS,
    CONVOLUTIONS,
    IMAGENET_MEAN_RGB,
    Convolution,
    evidence_side,
    pooled_side,
)

OPSET = 18
IR_VERSION = 10
WINDOW = 4
"""Values in a 2×2 pooling window."""


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

    def kernel(self, convolution: Convolution) -> np.ndarray:
        """Return a convolution's kernel as the graph applies it, to RGB images: (outputs, inputs, 3, 3)."""
        kernel = self.convolutions[convolution.name][0]
        if convolution is CONVOLUTIONS[0]:
            kernel = kernel[:, :, ::-1]  # the network was trained on BGR
        return np.ascontiguousarray(kernel.transpose(3, 2, 0, 1), np.float32)

    def cell_kernels(self) -> np.ndarray:
        """Return the dense kernel by pooling cell: (cells, channels, units); one cell where they are averaged."""
        kernel = np.asarray(self.dense[0], np.float32)
        if self.head == "flatten":
            return kernel.reshape(-1, CHANNELS, kernel.shape[1])
        return kernel[None] / np.float32(pooled_side(self.image_size) ** 2)


class Graph:
    """Nodes and initializers in the order in which they are written down."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray | np.generic) -> str:
        """Write a constant down and return its name."""
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def integers(self, name: str, *values: int) -> str:
        """Write down sizes, axes or positions and return their name."""
        return self.constant(name, np.array(values, np.int64))

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        """Write a node of one output down and return the output's name."""
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output


def write_image(graph: Graph) -> str:
    """Write the input, less ImageNet's mean: float32 (N, 3, S, S)."""
    graph.add("Cast", ["image"], "image_float", to=TensorProto.FLOAT)
    graph.constant("imagenet_mean", np.array(IMAGENET_MEAN_RGB, np.float32))
    graph.add("Sub", ["image_float", "imagenet_mean"], "centred")
    return graph.add("Transpose", ["centred"], "channels_first", perm=[0, 3, 1, 2])


def write_pool(graph: Graph, x: str, block: int) -> str:
    """Write a block's 2×2 max-pooling."""
    return graph.add("MaxPool", [x], f"block{block}_pool", kernel_shape=[2, 2], strides=[2, 2])


def write_cells(graph: Graph, weights: NetworkWeights, last: str, dtype: type[np.generic]) -> str:
    """Write what the last pooling lets through of `last` (N, channels, h, w), place by place, as rows of channels.

    The rows are those of p × p pooling cells, N images and the 4 places of a window, in this order; of a window's
    values only the first of the largest is not 0. Shape (cells, rows of a cell, channels), as `cell_kernels` wants it.
    """
    p = pooled_side(weights.image_size)
    corners = [graph.integers("area_start", 0, 0), graph.integers("area_end", 2 * p, 2 * p)]
    graph.add("Slice", [last, *corners, graph.integers("area_axes", 2, 3)], "area")
    graph.add("Reshape", ["area", graph.integers("windows", -1, CHANNELS, p, 2, p, 2)], "window_grid")
    graph.add("Transpose", ["window_grid"], "window_places", perm=[2, 4, 0, 3, 5, 1])
    graph.add("Reshape", ["window_places", graph.integers("places", p * p, -1, WINDOW, CHANNELS)], "window")
    graph.add("ArgMax", ["window"], "first_largest", axis=2, keepdims=1)
    graph.constant("place", np.arange(WINDOW, dtype=np.int64)[:, None])
    graph.add("Equal", ["first_largest", "place"], "is_first_largest")
    graph.constant("nothing", np.zeros((), dtype))
    graph.add("Where", ["is_first_largest", "window", "nothing"], "let_through")
    cells = p * p if weights.head == "flatten" else 1
    return graph.add("Reshape", ["let_through", graph.integers("cell_rows", cells, -1, CHANNELS)], "cells")


def write_answers(graph: Graph, weights: NetworkWeights, products: str) -> None:
    """Write the outputs, from the float32 products of `write_cells`' rows with the dense kernel: (rows, units)."""
    p = pooled_side(weights.image_size)
    units, classes = weights.classifier[0].shape
    graph.constant("features.bias", weights.dense[1].astype(np.float32))
    graph.constant("classifier.kernel", weights.classifier[0].astype(np.float32))
    graph.constant("classifier.bias", weights.classifier[1].astype(np.float32))
    graph.add("Reshape", [products, graph.integers("by_image", p * p, -1, WINDOW, units)], "contributions")

    graph.add("ReduceSum", ["contributions", graph.integers("all_places", 0, 2)], "features_product", keepdims=0)
    graph.add("Add", ["features_product", "features.bias"], "features_linear")
    graph.add("Relu", ["features_linear"], "features")
    graph.add("MatMul", ["features", "classifier.kernel"], "logits_product")
    graph.add("Add", ["logits_product", "classifier.bias"], "logits")
    graph.add("Softmax", ["logits"], "probabilities", axis=1)

    graph.constant("zero", np.float32(0))
    graph.add("Greater", ["features", "zero"], "active")
    graph.add("Cast", ["active"], "active_float", to=TensorProto.FLOAT)
    graph.add("Unsqueeze", ["active_float", graph.integers("per_class", 2)], "active_per_class")
    graph.add("Mul", ["active_per_class", "classifier.kernel"], "gradient")  # of the logits, at features_linear
    graph.add("Transpose", ["contributions"], "contributions_of_image", perm=[1, 0, 2, 3])
    rows = graph.integers("rows_of_image", 0, p * p * WINDOW, units)
    graph.add("Reshape", ["contributions_of_image", rows], "contribution_rows")
    graph.add("MatMul", ["contribution_rows", "gradient"], "evidence_rows")  # (N, cells × 4, classes)
    graph.add("Reshape", ["evidence_rows", graph.integers("cells_of_2x2", 0, p, p, 2, 2, classes)], "evidence_2x2")
    graph.add("Transpose", ["evidence_2x2"], "evidence_grid", perm=[0, 5, 1, 3, 2, 4])
    graph.add("Reshape", ["evidence_grid", graph.integers("map", 0, classes, 2 * p, 2 * p)], "evidence_area")
    edge = evidence_side(weights.image_size) - 2 * p  # an odd map has a last row and column that the pooling never sees
    graph.add("Pad", ["evidence_area", graph.integers("edge", 0, 0, 0, 0, 0, 0, edge, edge)], "evidence")


def served_model(graph: Graph, weights: NetworkWeights) -> onnx.ModelProto:
    """Return the graph as an ONNX model to be served.

    Input `image`, uint8 of shape (N, S, S, 3), RGB. Outputs `probabilities` (N, C), the softmax of the logits;
    `evidence` (N, C, S // 16, S // 16), in units of the logit; `features` (N, units), the dense layer's activations.
    """
    side = evidence_side(weights.image_size)
    units, classes = weights.classifier[0].shape
    outputs = {"probabilities": [classes], "evidence": [classes, side, side], "features": [units]}
    return as_model(graph, weights.image_size, {name: ["N", *shape] for name, shape in outputs.items()})


def as_model(graph: Graph, image_size: int, outputs: Mapping[str, list[str | int]]) -> onnx.ModelProto:
    """Return the graph as a checked ONNX model of images with float32 outputs of these shapes."""
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "modified_vgg16",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", image_size, image_size, 3])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            graph.initializers,
        ),
        producer_name="ALLscope",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model)
    return model
