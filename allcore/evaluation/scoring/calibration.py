"""Whether a probability of 0.9 is right nine times in ten."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from allcore.arrays import FloatArray, IntArray
from allcore.evaluation.scoring.intervals import group_indices, wilson
from allcore.evaluation.scoring.metrics import bin_numbers, reliability_bins


@dataclass(frozen=True)
class ReliabilityDiagram:
    """Bins (edges[i], edges[i + 1]] of the top probability: arrays (bins,), nan where a bin is empty.

    `low` and `high` are the Wilson interval at 95 % of each bin's accuracy, with its images' groups as trials.
    """

    edges: FloatArray
    counts: FloatArray
    confidence: FloatArray
    accuracy: FloatArray
    low: FloatArray
    high: FloatArray


def reliability_diagram(
    labels: IntArray, probabilities: FloatArray, groups: npt.ArrayLike, n_bins: int = 15
) -> ReliabilityDiagram:
    """Accuracy against mean top probability of `probabilities` (N, C), with counts and intervals.

    `groups` (N,) holds one id an image: images that share one are a single trial of their bin.
    """
    bins = reliability_bins(labels, probabilities, n_bins=n_bins)
    in_bin = np.stack([bin_numbers(probabilities, n_bins), group_indices(len(labels), groups)])
    trials = np.bincount(np.unique(in_bin, axis=1)[0], minlength=n_bins)
    low, high = wilson(bins.accuracy * trials, trials)
    return ReliabilityDiagram(np.linspace(0, 1, n_bins + 1), *bins, low, high)
