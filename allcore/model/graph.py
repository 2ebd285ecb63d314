"""Writing the served graph as ONNX: its entry, and its answers with the parts of an explanation that adds up.

Evidence is HiResCAM (Draelos and Carin 2020): for class c, the gradient of c's logit with respect to the trunk's last
map (before a last max-pooling), multiplied elementwise by that map and summed over channels. Behind it the network is
piecewise linear (max-pooling if any, one ReLU layer, the classifier), so the evidence's sum plus what the biases
contribute equals the logit, whatever the trunk. The graph computes the dense layer as one product for each value that
the head sees; their sum is the layer, and each one's way on to the logits is the evidence of its place.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from allcore.model.layers import IMAGE, NetworkWeights
from allcore.networks.trunk import Preprocessing

_OPSET = 18
_IR_VERSION = 10


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


def write_image(graph: Graph, preprocessing: Preprocessing) -> str:
    """Write the input and its preprocessing, in the order red, green, blue: float32 (N, 3, S, S)."""
    graph.add("Cast", ["image"], "image_float", to=TensorProto.FLOAT)
    graph.constant("imagenet_mean", np.array(preprocessing.mean, np.float32))
    x = graph.add("Sub", ["image_float", "imagenet_mean"], "centred")
    if preprocessing.scale != (1.0, 1.0, 1.0):
        graph.constant("imagenet_scale", np.array(preprocessing.scale, np.float32))
        x = graph.add("Mul", [x, "imagenet_scale"], "scaled")
    return graph.add("Transpose", [x], IMAGE, perm=[0, 3, 1, 2])


def write_cells(graph: Graph, weights: NetworkWeights, last: str, dtype: type[np.generic]) -> str:
    """Write what the head sees of the map `last` (N, channels, h, w), place by place, as rows of channels.

    Without a pooling these are all places: p × p of them, N images each. With one they are what it lets through: for
    p × p pooling cells, N images and the 4 places of a window, in this order; of a window's values only the first of
    the largest is not 0. Shape (cells, rows of a cell, channels), as `cell_kernels` wants it.
    """
    p, channels = weights.pooled_side, weights.trunk.channels
    if weights.trunk.ends_in_pooling:
        places = _write_let_through(graph, p, channels, last, dtype)
    else:
        places = graph.add("Transpose", [last], "map_places", perm=[2, 3, 0, 1])
    cells = p * p if weights.head == "flatten" else 1
    return graph.add("Reshape", [places, graph.integers("cell_rows", cells, -1, channels)], "cells")


def _write_let_through(graph: Graph, p: int, channels: int, last: str, dtype: type[np.generic]) -> str:
    corners = [graph.integers("area_start", 0, 0), graph.integers("area_end", 2 * p, 2 * p)]
    graph.add("Slice", [last, *corners, graph.integers("area_axes", 2, 3)], "area")
    graph.add("Reshape", ["area", graph.integers("windows", -1, channels, p, 2, p, 2)], "window_grid")
    graph.add("Transpose", ["window_grid"], "window_places", perm=[2, 4, 0, 3, 5, 1])
    graph.add("Reshape", ["window_places", graph.integers("places", p * p, -1, 4, channels)], "window")
    graph.add("ArgMax", ["window"], "first_largest", axis=2, keepdims=1)
    graph.constant("place", np.arange(4, dtype=np.int64)[:, None])
    graph.add("Equal", ["first_largest", "place"], "is_first_largest")
    graph.constant("nothing", np.zeros((), dtype))
    return graph.add("Where", ["is_first_largest", "window", "nothing"], "let_through")


def write_answers(graph: Graph, weights: NetworkWeights, products: str) -> None:
    """Write the outputs, from the float32 products of `write_cells`' rows with the dense kernel: (rows, units)."""
    p, window = weights.pooled_side, 2 if weights.trunk.ends_in_pooling else 1
    units, classes = weights.classifier[0].shape
    graph.constant("features.bias", weights.dense[1].astype(np.float32))
    graph.constant("classifier.kernel", weights.classifier[0].astype(np.float32))
    graph.constant("classifier.bias", weights.classifier[1].astype(np.float32))
    graph.add("Reshape", [products, graph.integers("by_image", p * p, -1, window * window, units)], "contributions")

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
    rows = graph.integers("rows_of_image", 0, p * p * window * window, units)
    graph.add("Reshape", ["contributions_of_image", rows], "contribution_rows")
    graph.add("MatMul", ["contribution_rows", "gradient"], "evidence_rows")  # (N, cells × places, classes)
    grid = graph.integers("cells_of_places", 0, p, p, window, window, classes)
    graph.add("Reshape", ["evidence_rows", grid], "evidence_by_cell")
    graph.add("Transpose", ["evidence_by_cell"], "evidence_grid", perm=[0, 5, 1, 3, 2, 4])
    graph.add("Reshape", ["evidence_grid", graph.integers("map", 0, classes, window * p, window * p)], "evidence_area")
    edge = weights.map_side - window * p  # an odd map has a last row and column that the pooling never sees
    graph.add("Pad", ["evidence_area", graph.integers("edge", 0, 0, 0, 0, 0, 0, edge, edge)], "evidence")


def served_model(graph: Graph, weights: NetworkWeights) -> onnx.ModelProto:
    """Return the graph as an ONNX model to be served.

    Input `image`, uint8 of shape (N, S, S, 3), RGB. Outputs `probabilities` (N, C), the softmax of the logits;
    `evidence` (N, C, h, w), in units of the logit; `features` (N, units), the dense layer's activations.
    """
    side = weights.map_side
    units, classes = weights.classifier[0].shape
    outputs = {"probabilities": [classes], "evidence": [classes, side, side], "features": [units]}
    return as_model(graph, weights.image_size, {name: ["N", *shape] for name, shape in outputs.items()})


def as_model(graph: Graph, image_size: int, outputs: Mapping[str, list[str | int]]) -> onnx.ModelProto:
    """Return the graph as a checked ONNX model of images with float32 outputs of these shapes."""
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "allscope",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", image_size, image_size, 3])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            graph.initializers,
        ),
        producer_name="ALLscope",
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    onnx.checker.check_model(model)
    return model
