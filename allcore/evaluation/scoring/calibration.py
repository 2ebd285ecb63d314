"""Whether a probability of 0.9 is right nine times in ten."""

from dataclasses import dataclass

import numpy as np

from allcore.arrays import FloatArray, IntArray
from allcore.evaluation.scoring.intervals import wilson
from allcore.evaluation.scoring.metrics import reliability_bins


@dataclass(frozen=True)
class ReliabilityDiagram:
    """Bins (edges[i], edges[i + 1]] of the top probability: arrays (bins,), nan where a bin is empty.

    `low` and `high` are the Wilson interval at 95 % of each bin's accuracy.
    """

    edges: FloatArray
    counts: FloatArray
    confidence: FloatArray
    accuracy: FloatArray
    low: FloatArray
    high: FloatArray


def reliability_diagram(labels: IntArray, probabilities: FloatArray, n_bins: int = 15) -> ReliabilityDiagram:
    """Accuracy against mean top probability of `probabilities` (N, C), with counts and intervals."""
    bins = reliability_bins(labels, probabilities, n_bins=n_bins)
    low, high = wilson(bins.counts * bins.accuracy, bins.counts)
    return ReliabilityDiagram(np.linspace(0, 1, n_bins + 1), *bins, low, high)
