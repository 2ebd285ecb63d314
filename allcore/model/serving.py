"""The served graph in float32, and served files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from allcore.model.graph import Graph, served_model, write_answers, write_cells
from allcore.model.layers import NetworkWeights
from allcore.model.trunk_graph import write_trunk
from allcore.writing import written_whole


def build_serving_graph(weights: NetworkWeights) -> onnx.ModelProto:
    """Return the network as an ONNX model in float32, with the input and outputs of `served_model`."""
    graph = Graph()
    last = write_trunk(graph, weights.trunk, weights.layers)
    cells = write_cells(graph, weights, last, np.float32)
    graph.constant("features.kernel", weights.cell_kernels())
    write_answers(graph, weights, graph.add("MatMul", [cells, "features.kernel"], "products"))
    return served_model(graph, weights)


def save_with_metadata(model: onnx.ModelProto, metadata: Mapping[str, str], path: Path) -> None:
    """Write `model` with `metadata` (replacing what it had) to `path`, whole or not at all."""
    del model.metadata_props[:]
    helper.set_model_props(model, dict(metadata))
    with written_whole(path) as unfinished:
        onnx.save(model, unfinished)
