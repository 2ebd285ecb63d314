"""The served graph in int8 for trunks that are no plain chain of convolutions, by ONNX Runtime's own quantiser.

The trunk is quantised statically (QDQ, kernels by output channel in 7 of 8 bits, as in `allcore.model.quantise`); the
head stays in float32, so that everything behind the trunk's last map is linear in that map and the evidence adds up.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from allcore.model.graph import Graph, write_image
from allcore.model.layers import NetworkWeights
from allcore.model.trunk_graph import write_trunk


class _Batches(CalibrationDataReader):
    """Hands calibration images over as ONNX Runtime asks for them."""

    def __init__(self, batches: Iterable[np.ndarray]) -> None:
        self._left: Iterator[np.ndarray] = iter(batches)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next batch by the graph's input, None after the last."""
        batch = next(self._left, None)
        return None if batch is None else {"image": batch}


def quantise_trunk(model: onnx.ModelProto, weights: NetworkWeights, batches: Iterable[np.ndarray]) -> onnx.ModelProto:
    """Return the served float32 `model` of `weights` with its trunk in int8, calibrated on uint8 (N, S, S, 3)."""
    before, whole = Graph(), Graph()
    write_image(before, weights.trunk.preprocessing)
    write_trunk(whole, weights.trunk, weights.layers)
    with tempfile.TemporaryDirectory() as folder:
        before_int8, path = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, before_int8)  # given the model itself, the quantiser would move its weights out of it
        quantize_static(
            before_int8,
            path,
            _Batches(batches),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=[node.name for node in whole.nodes[len(before.nodes) :]],
        )
        return onnx.load(path)
