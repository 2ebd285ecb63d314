"""Classification metrics as pure functions on arrays.

N images, C classes; class indices run from 0 to C - 1; "..." stands for any leading axes, usually none or the B
resamples of a bootstrap. `multiplicity` (..., N) says how often each image counts, `None` once each; the result is
that of repeating the rows, for all leading axes at once.

Where a denominator is zero: precision is 0 for a class that has images but is never predicted (scikit-learn's
`zero_division=0`); recall is nan for a class without images; precision, recall and F1 are nan for a class that
occurs neither in the labels nor in the predictions; specificity, NPV, AUROC, average precision and MCC are nan where
they are undefined. Macro averages leave out nan, and classes that occur neither in the labels nor in the
predictions, which is scikit-learn's default choice of labels.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from allcore.arrays import BoolArray, FloatArray, IntArray

Counts = npt.NDArray[np.number]
"""A confusion matrix; of whole images, or of shares of them where it is one that might have been."""


def confusion_matrix(
    labels: IntArray, predicted: IntArray, n_classes: int, multiplicity: npt.ArrayLike | None = None
) -> npt.NDArray[np.int64]:
    """Count the images (..., C, C) of each true class (row) that were predicted as each class (column)."""
    weights = _weights(multiplicity, len(labels))
    cells, cell_of_image = np.unique(labels * n_classes + predicted, return_inverse=True)
    counts = np.zeros((*weights.shape[:-1], n_classes**2), dtype=np.int64)
    counts[..., cells] = np.rint(weights @ np.eye(len(cells))[cell_of_image])
    return counts.reshape(*weights.shape[:-1], n_classes, n_classes)


def accuracy(matrix: Counts) -> FloatArray:
    """Share (...) of the images on the diagonal of confusion matrices (..., C, C)."""
    return _ratio(_hits(matrix).sum(-1), matrix.sum((-2, -1)))


def precision(matrix: Counts, never_predicted: FloatArray | float = 0.0) -> FloatArray:
    """Share (..., C) of the images predicted as each class that belong to it; `never_predicted` if there are none."""
    return _ratio(_hits(matrix), matrix.sum(-2), empty=np.where(matrix.sum(-1) > 0, never_predicted, np.nan))


def recall(matrix: Counts) -> FloatArray:
    """Share (..., C) of each class's images that were predicted as it (sensitivity); nan if it has none."""
    return _ratio(_hits(matrix), matrix.sum(-1))


def specificity(matrix: Counts) -> FloatArray:
    """Share (..., C) of the other classes' images that were not predicted as the class; nan if there are none."""
    return _ratio(_true_negatives(matrix), matrix.sum((-2, -1))[..., None] - matrix.sum(-1))


def npv(matrix: Counts) -> FloatArray:
    """Share (..., C) of the images not predicted as the class that indeed belong to another; nan if there are none."""
    return _ratio(_true_negatives(matrix), matrix.sum((-2, -1))[..., None] - matrix.sum(-2))


def f1(matrix: Counts) -> FloatArray:
    """Harmonic mean 2PR / (P + R) (..., C) of precision and recall, written as 2 TP / (2 TP + FP + FN)."""
    return _ratio(2 * _hits(matrix), matrix.sum(-1) + matrix.sum(-2))


def counted_in_macro(values: FloatArray, matrix: Counts) -> BoolArray:
    """Which classes (..., C) a macro average counts: those that occur and whose value (..., C) is defined."""
    return ~np.isnan(values) & (matrix.sum(-1) + matrix.sum(-2) > 0)


def macro_average(values: FloatArray, matrix: Counts) -> FloatArray:
    """Unweighted mean (...) of per-class values (..., C) over the classes that occur and whose value is defined."""
    counted = counted_in_macro(values, matrix)
    return _ratio(np.where(counted, values, 0).sum(-1), counted.sum(-1))


def weighted_average(values: FloatArray, matrix: Counts) -> FloatArray:
    """Mean (...) of the per-class values (..., C) that are defined, by support: the number of images of the class."""
    counted = ~np.isnan(values)
    support = matrix.sum(-1) * counted
    return _ratio(np.where(counted, values * support, 0).sum(-1), support.sum(-1))


def balanced_accuracy(matrix: Counts) -> FloatArray:
    """Mean recall (...) over the classes that have images (Brodersen et al., 2010)."""
    return macro_average(recall(matrix), matrix)


def mcc(matrix: Counts) -> FloatArray:
    """Multiclass Matthews correlation coefficient (...) in [-1, 1] (Gorodkin, 2004).

    It is nan where all images are of one class, or all are predicted as one.
    """
    support, predicted = matrix.sum(-1, dtype=np.float64), matrix.sum(-2, dtype=np.float64)
    total = support.sum(-1)
    covariance = _hits(matrix).sum(-1) * total - (support * predicted).sum(-1)
    variances = (total**2 - (support**2).sum(-1)) * (total**2 - (predicted**2).sum(-1))
    return _ratio(covariance, np.sqrt(variances))


class RankingAreas(NamedTuple):
    """Each class against the rest over all thresholds: two arrays (..., C).

    `auroc` is the area under the ROC curve, ties counting half: the Mann-Whitney statistic (Hanley and McNeil, 1982);
    nan if either side is empty. `average_precision` is the sum of precision times step in recall over the distinct
    thresholds, not interpolated, as in scikit-learn; nan if the class has no images.
    """

    auroc: FloatArray
    average_precision: FloatArray


def ranking_areas(
    labels: IntArray, probabilities: FloatArray, multiplicity: npt.ArrayLike | None = None
) -> RankingAreas:
    """Rank the images by each class's probability: `labels` (N,), `probabilities` (N, C)."""
    weights = _weights(multiplicity, len(labels))
    areas = [
        _areas_of_class(labels == index, probabilities[:, index], weights) for index in range(probabilities.shape[1])
    ]
    return RankingAreas(*(np.stack(of_classes, axis=-1) for of_classes in zip(*areas, strict=True)))


class ReliabilityBins(NamedTuple):
    """Images by top probability in equal-width bins (low, high]: three arrays (..., bins), nan where a bin is empty."""

    counts: FloatArray
    confidence: FloatArray
    accuracy: FloatArray


def reliability_bins(
    labels: IntArray, probabilities: FloatArray, multiplicity: npt.ArrayLike | None = None, n_bins: int = 15
) -> ReliabilityBins:
    """Count, mean top probability and accuracy of `probabilities` (N, C) by bins of the top probability."""
    top = probabilities.max(axis=1)
    in_bin = np.eye(n_bins)[bin_numbers(probabilities, n_bins)]
    correct = probabilities.argmax(axis=1) == labels
    sums = _weights(multiplicity, len(labels)) @ np.hstack([in_bin, in_bin * top[:, None], in_bin * correct[:, None]])
    counts, confidences, hits = np.split(sums, 3, axis=-1)
    return ReliabilityBins(counts, _ratio(confidences, counts), _ratio(hits, counts))


def bin_numbers(probabilities: FloatArray, n_bins: int) -> IntArray:
    """Number (N,) of the bin of `ReliabilityBins` that each image's top probability lies in, from 0."""
    inner_edges = np.linspace(0, 1, n_bins + 1)[1:-1]
    return np.searchsorted(inner_edges, probabilities.max(axis=1), side="left")


def expected_calibration_error(
    labels: IntArray, probabilities: FloatArray, multiplicity: npt.ArrayLike | None = None
) -> FloatArray:
    """Mean gap (...) between top probability and accuracy over 15 bins, by their counts (Guo et al., 2017)."""
    bins = reliability_bins(labels, probabilities, multiplicity)
    gaps = np.where(bins.counts > 0, np.abs(bins.accuracy - bins.confidence), 0)
    return _ratio((bins.counts * gaps).sum(-1), bins.counts.sum(-1))


def brier_score(labels: IntArray, probabilities: FloatArray, multiplicity: npt.ArrayLike | None = None) -> FloatArray:
    """Mean over images (...) of the squared error summed over classes, in [0, 2] (Brier, 1950)."""
    errors = probabilities - np.eye(probabilities.shape[1])[labels]
    return _mean_over_images((errors**2).sum(axis=1), multiplicity)


def log_loss(labels: IntArray, probabilities: FloatArray, multiplicity: npt.ArrayLike | None = None) -> FloatArray:
    """Mean over images (...) of minus the log probability of the true class, in nats, clipped at 2.2e-16."""
    of_true_class = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return _mean_over_images(-np.log(of_true_class.clip(np.finfo(np.float64).eps, 1)), multiplicity)


def _weights(multiplicity: npt.ArrayLike | None, n_images: int) -> FloatArray:
    # Floating point because only that reaches BLAS; sums of whole numbers stay exact up to 2**53.
    return np.ones(n_images) if multiplicity is None else np.asarray(multiplicity, dtype=np.float64)


def _ratio(
    numerator: npt.NDArray[Any], denominator: npt.NDArray[Any], empty: FloatArray | float = np.nan
) -> FloatArray:
    filled = np.full(denominator.shape, empty, dtype=np.float64)
    return np.divide(numerator, denominator, out=filled, where=np.asarray(denominator > 0))


def _hits(matrix: Counts) -> Counts:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _true_negatives(matrix: Counts) -> Counts:
    return matrix.sum((-2, -1))[..., None] - matrix.sum(-1) - matrix.sum(-2) + _hits(matrix)


def _mean_over_images(values: FloatArray, multiplicity: npt.ArrayLike | None) -> FloatArray:
    weights = _weights(multiplicity, len(values))
    return _ratio(np.asarray(weights @ values), weights.sum(-1))


def _areas_of_class(
    belongs: npt.NDArray[np.bool_], probability: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """AUROC and average precision (...) of one class, each a sum over its images alone, for weights (..., N)."""
    falling = np.argsort(-probability)
    steps = -probability[falling]
    is_positive = belongs[falling]
    place = np.flatnonzero(is_positive)
    first = np.searchsorted(steps, steps[place], side="left")  # of the images tied with each positive
    end = np.searchsorted(steps, steps[place], side="right")
    ranked = weights[..., falling]
    positive = ranked[..., place]
    everything, positives = _running_sums(ranked), _running_sums(positive)
    positives_before = np.append(0, is_positive.cumsum())  # their number, which is their place in `positives`
    through, up_to = positives[..., positives_before[end]], positives[..., positives_before[first]]
    reached = everything[..., end]
    negatives_above = (reached - through + everything[..., first] - up_to) / 2
    n_positive = positives[..., -1]
    n_negative = everything[..., -1] - n_positive
    lost = (positive * negatives_above).sum(-1)
    auroc = 1 - _ratio(lost, n_positive * n_negative)
    return auroc, _ratio((positive * _ratio(through, reached, empty=0.0)).sum(-1), n_positive)


def _running_sums(weights: FloatArray) -> FloatArray:
    """Sums (..., N + 1) of the first 0, 1, ... N weights (..., N)."""
    sums = np.zeros((*weights.shape[:-1], weights.shape[-1] + 1))
    np.cumsum(weights, axis=-1, out=sums[..., 1:])
    return sums
