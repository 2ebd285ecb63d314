"""How long one image takes."""

from __future__ import annotations

import statistics
import time

import numpy as np

from allcore.inference.network import Network

CALLS = 5


def latency(network: Network, calls: int = CALLS) -> float:
    """Return the median seconds of `calls` calls with one image, after one that warms up, where the network runs."""
    side = network.image_size
    image = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), np.uint8)
    network.run(image)
    return statistics.median(_seconds(network, image) for _ in range(calls))


def _seconds(network: Network, image: np.ndarray) -> float:
    started = time.perf_counter()
    network.run(image)
    return time.perf_counter() - started
