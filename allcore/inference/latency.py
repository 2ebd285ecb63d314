"""How long one image takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import numpy as np

from allcore.inference.network import Network

CALLS = 5


def latency(network: Network, calls: int = CALLS) -> float:
    """Return the median seconds of `calls` calls with one image, after one that warms up, where the network runs."""
    return latencies([network], calls)[0]


def latencies(networks: Sequence[Network], calls: int = CALLS) -> list[float]:
    """Return each network's median seconds as `latency` does; they take turns, so a busy machine is fair to all."""
    seconds = [[_seconds(network) for network in networks] for _ in range(calls + 1)][1:]
    return [statistics.median(column) for column in zip(*seconds, strict=True)]


def _seconds(network: Network) -> float:
    side = network.image_size
    image = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), np.uint8)
    started = time.perf_counter()
    network.run(image)
    return time.perf_counter() - started
