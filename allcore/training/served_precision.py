"""In which arithmetic a trained network is served: int8 where it says the same on validation and is faster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import onnx

from allcore.inference.latency import latencies
from allcore.inference.metadata import Agreement
from allcore.inference.network import Network, open_network
from allcore.inference.predictor import BATCH
from allcore.model.layers import NetworkWeights
from allcore.model.quantise import build_int8_graph, calibrate
from allcore.model.quantise_any import quantise_trunk
from allcore.model.serving import build_serving_graph
from allcore.progress import Phase
from allcore.writing import unfinished_name

_ONE_LABEL_IN = 500
"""One label may differ in so many validation images: some are nearly a tie, and the accuracy moves by no more."""
_ONE_LABEL_FROM = 100
"""From so many images on one label may differ in any case; of fewer it would be more than a hundredth, so none may."""
_CHANGE_MAY_BE = 0.01
"""How far an image's most changed probability may move, in the mean over the validation images."""


class Images(Protocol):
    """Images of one size, a few of which can be had at a time: an array, or what makes them as they are asked for."""

    def __len__(self) -> int:
        """Return how many they are."""

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        """Return some of them, uint8 (n, S, S, 3)."""


@dataclass(frozen=True)
class Arithmetic:
    """The network in float32 and in int8, how they compare, and the name of the one to be served."""

    float32: onnx.ModelProto
    int8: onnx.ModelProto
    agreement: Agreement
    served: Literal["float32", "int8"]

    @property
    def graph(self) -> onnx.ModelProto:
        """The graph to be served."""
        return self.int8 if self.served == "int8" else self.float32


def choose_arithmetic(
    weights: NetworkWeights, calibration: Images, validation: Images, folder: Path, on_phase: Phase
) -> Arithmetic:
    """Return the network in both arithmetics and which to serve, judged on validation images.

    `calibration` (training images) and `validation` are uint8 (N, S, S, 3). Working files stand in `folder` meanwhile;
    `on_phase` gets a line on what is being done.
    """
    on_phase("quantising the model")
    float32 = build_serving_graph(weights)
    int8 = in_int8(weights, float32, _batches(calibration, on_phase))
    agreement = agreement_of(open_graph(float32, folder), open_graph(int8, folder), validation, on_phase)
    return Arithmetic(float32, int8, agreement, "int8" if is_served_in_int8(agreement) else "float32")


def in_int8(weights: NetworkWeights, float32: onnx.ModelProto, batches: Iterable[np.ndarray]) -> onnx.ModelProto:
    """Return the network in int8, calibrated on uint8 batches (N, S, S, 3); `float32` is its graph in float32."""
    if weights.trunk.convolutions:
        return build_int8_graph(weights, calibrate(weights, batches))
    return quantise_trunk(float32, weights, batches)


def agreement_of(float32: Network, int8: Network, images: Images, on_phase: Phase) -> Agreement:
    """Return how two networks compare on uint8 images (N, S, S, 3)."""
    changes: list[float] = []
    differing = 0
    for start in range(0, len(images), BATCH):
        on_phase(f"comparing int8 with float32, {start} of {len(images)} images")
        batch = images[start : start + BATCH]
        ours, theirs = int8.run(batch).probabilities, float32.run(batch).probabilities
        changes += np.abs(ours - theirs).max(axis=1).tolist()
        differing += int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum())
    float32_seconds, int8_seconds = latencies([float32, int8])
    return Agreement(
        images=len(images),
        labels_differing=differing,
        mean_change=float(np.mean(changes)),
        largest_change=max(changes),
        float32_seconds=float32_seconds,
        int8_seconds=int8_seconds,
    )


def is_served_in_int8(agreement: Agreement) -> bool:
    """Return whether int8 is faster and agrees, in nearly all labels and in the mean of the probabilities."""
    images = agreement.images
    return (
        agreement.labels_differing <= max(images // _ONE_LABEL_IN, images >= _ONE_LABEL_FROM)
        and agreement.mean_change <= _CHANGE_MAY_BE
        and agreement.int8_seconds < agreement.float32_seconds
    )


def open_graph(model: onnx.ModelProto, folder: Path) -> Network:
    """Return a graph as a network that can be run; its file stands in `folder` only while it is opened."""
    path = unfinished_name(folder, ".onnx")
    try:
        onnx.save(model, path)
        return open_network(path)
    finally:
        path.unlink(missing_ok=True)


def _batches(images: Images, on_phase: Phase) -> Iterator[np.ndarray]:
    for start in range(0, len(images), BATCH):
        on_phase(f"quantising the model, {start} of {len(images)} images")
        yield images[start : start + BATCH]
