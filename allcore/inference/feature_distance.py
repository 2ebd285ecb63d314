"""How far an image's features are from those of the training images.

The directions of the training features (each scaled to length 1: how much of everything there is says little, the
proportions much) are modelled as Gaussians, one mean a class and one covariance for all (Lee et al. 2018), the
covariance as a few principal axes and one variance for the rest (Tipping and Bishop 1999).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

AXES = 128
IMAGES_PER_AXIS = 8
"""Training images that an axis takes: with fewer, its variance is theirs alone and unseen images look far away."""

_VALUES_AT_ONCE = 2**21


@dataclass(frozen=True)
class FeatureGaussians:
    """Class means (C, units), principal axes (k, units) with their standard deviations (k,), and that of the rest."""

    means: np.ndarray
    axes: np.ndarray
    scales: np.ndarray
    residual_scale: float

    def distance(self, features: np.ndarray) -> np.ndarray:
        """Return the distance of features (N, units) to the nearest class, root mean square over units: (N,).

        About 1 for images like those trained on, in any number of units.
        """
        squared = [self._squared(features[rows]) for rows in _parts(len(features), self.means.size)]
        return np.sqrt(np.concatenate(squared) / features.shape[1])

    def _squared(self, features: np.ndarray) -> np.ndarray:
        centred = directions(features)[:, None, :] - self.means
        along = centred @ self.axes.T
        rest = np.maximum((centred**2).sum(axis=2) - (along**2).sum(axis=2), 0.0)
        squared: np.ndarray = ((along / self.scales) ** 2).sum(axis=2) + rest / self.residual_scale**2
        return squared.min(axis=1)


def fit_features(features: np.ndarray, labels: np.ndarray) -> FeatureGaussians:
    """Return the Gaussians of training features (N, units) with class numbers (N,)."""
    units = features.shape[1]
    parts = list(_parts(len(features), units))
    names, classes = np.unique(labels, return_inverse=True)
    sums = np.zeros((len(names), units))
    for rows in parts:
        np.add.at(sums, classes[rows], directions(features[rows]))
    means = sums / np.bincount(classes)[:, None]
    freedom = max(1, len(features) - len(means))
    if len(features) < units:
        total, squares, axes = _axes_of_few(directions(features) - means[classes])
    else:
        total, squares, axes = _axes_of_many(
            (directions(features[rows]) - means[classes[rows]] for rows in parts), units
        )
    total, variances = total / freedom, np.maximum(squares, 0.0) / freedom
    kept = min(AXES, freedom // IMAGES_PER_AXIS, int((variances > 1e-12 * variances[0]).sum()), units - 1)
    rest = (total - variances[:kept].sum()) / (units - kept)
    floor = max(float(rest), 1e-6 * float(variances[0]), 1e-12)
    return FeatureGaussians(
        means=means.astype(np.float32),
        axes=axes[:kept].astype(np.float32),
        scales=np.sqrt(np.maximum(variances[:kept], floor)).astype(np.float32),
        residual_scale=float(np.sqrt(floor)),
    )


def _axes_of_many(parts: Iterable[np.ndarray], units: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the sum of squares of centred rows (n, units), which come in parts, the largest along axes, and these."""
    scatter = np.zeros((units, units))
    for centred in parts:
        scatter += centred.T @ centred
    squares, axes = _largest(scatter)
    return float(np.trace(scatter)), squares, axes


def _axes_of_few(centred: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the same of fewer centred rows (N, units) than units, by what the rows have in common."""
    products = centred @ centred.T
    squares, rows = _largest(products)
    return float(np.trace(products)), squares, rows @ centred / np.sqrt(np.maximum(squares, 1e-300))[:, None]


def _largest(symmetric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest eigenvalues of a matrix (n, n), falling, and their vectors as rows; `AXES` at the most."""
    from scipy.linalg import eigh  # wanted after a training alone

    n = len(symmetric)
    values, columns = eigh(symmetric, subset_by_index=[max(0, n - AXES), n - 1])
    return values[::-1], columns.T[::-1]


def _parts(images: int, values: int) -> Iterator[slice]:
    """Yield the rows of a few images at a time, for work that holds so many values of float64 an image."""
    at_once = max(1, _VALUES_AT_ONCE // values)
    yield from (slice(start, start + at_once) for start in range(0, images, at_once))


def directions(features: np.ndarray) -> np.ndarray:
    """Return features (N, units) scaled to length 1: how much of everything there is says little."""
    lengths = np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    return features / np.maximum(lengths, 1e-12)
