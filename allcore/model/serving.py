"""The served graph in float32, and served files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from allcore.model.architecture import CONVOLUTIONS
from allcore.model.graph import Graph, NetworkWeights, served_model, write_answers, write_cells, write_image, write_pool
from allcore.writing import written_whole


def build_serving_graph(weights: NetworkWeights) -> onnx.ModelProto:
    """Return the network as an ONNX model in float32, with the input and outputs of `served_model`."""
    graph = Graph()
    last = write_convolutions(graph, weights)
    cells = write_cells(graph, weights, last, np.float32)
    graph.constant("features.kernel", weights.cell_kernels())
    write_answers(graph, weights, graph.add("MatMul", [cells, "features.kernel"], "products"))
    return served_model(graph, weights)


def write_convolutions(graph: Graph, weights: NetworkWeights) -> str:
    """Write the convolutions with their ReLU, each under its layer's name, and return the last one's."""
    x = write_image(graph)
    block = 1
    for convolution in CONVOLUTIONS:
        name = convolution.name
        if convolution.block != block:
            x = write_pool(graph, x, block)
            block = convolution.block
        graph.constant(f"{name}.kernel", weights.kernel(convolution))
        graph.constant(f"{name}.bias", weights.convolutions[name][1].astype(np.float32))
        x = graph.add(
            "Conv", [x, f"{name}.kernel", f"{name}.bias"], f"{name}_linear",
            kernel_shape=[3, 3], pads=[1, 1, 1, 1],
        )  # fmt: skip
        x = graph.add("Relu", [x], name)
    return x


def save_with_metadata(model: onnx.ModelProto, metadata: Mapping[str, str], path: Path) -> None:
    """Write `model` with `metadata` (replacing what it had) to `path`, whole or not at all."""
    del model.metadata_props[:]
    helper.set_model_props(model, dict(metadata))
    with written_whole(path) as unfinished:
        onnx.save(model, unfinished)
