"""A trunk as it comes from ImageNet, frozen, that turns an image into features: no TensorFlow and no training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from allcore.augment import resize
from allcore.model.graph import Graph, as_model
from allcore.model.initial_weights import read_convolutions
from allcore.model.layers import chain_layers
from allcore.model.trunk_graph import write_trunk
from allcore.networks.trunk import Trunk


@dataclass(frozen=True)
class FrozenTrunk:
    """A trunk in an ONNX Runtime session of one thread, which any number of threads may use at once."""

    session: ort.InferenceSession
    image_size: int

    def features(self, image: np.ndarray) -> np.ndarray:
        """Return the mean of each channel of the trunk's output, float32 (channels,), of uint8 (H, W, 3), RGB."""
        (means,) = self.session.run(["features"], {"image": resize(image, self.image_size)[None]})
        return np.asarray(means).reshape(-1)


def open_frozen(trunk: Trunk, weights: Path, image_size: int) -> FrozenTrunk:
    """Return a plain chain of convolutions with the weights in an HDF5 file.

    Raises `WeightsError` when the file is missing, damaged or another network's.
    """
    graph = Graph()
    last = write_trunk(graph, trunk, chain_layers(trunk, read_convolutions(weights, trunk)))
    graph.add("GlobalAveragePool", [last], "features")
    model = as_model(graph, image_size, {"features": ["N", trunk.channels, 1, 1]})
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # images are looked at side by side
    return FrozenTrunk(ort.InferenceSession(model.SerializeToString(), options), image_size)
