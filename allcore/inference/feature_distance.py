"""How far an image's features are from those of the training images.

The directions of the training features (each scaled to length 1: how much of everything there is says little, the
proportions much) are modelled as Gaussians, one mean a class and one covariance for all (Lee et al. 2018), the
covariance as a few principal axes and one variance for the rest (Tipping and Bishop 1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AXES = 128
IMAGES_PER_AXIS = 8
"""Training images that an axis takes: with fewer, its variance is theirs alone and unseen images look far away."""


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
        centred = directions(features)[:, None, :] - self.means
        along = centred @ self.axes.T
        rest = np.maximum((centred**2).sum(axis=2) - (along**2).sum(axis=2), 0.0)
        squared = ((along / self.scales) ** 2).sum(axis=2) + rest / self.residual_scale**2
        return np.sqrt(squared.min(axis=1) / features.shape[1])


def fit_features(features: np.ndarray, labels: np.ndarray) -> FeatureGaussians:
    """Return the Gaussians of training features (N, units) with class numbers (N,)."""
    features = directions(features)
    means = np.stack([features[labels == label].mean(axis=0) for label in np.unique(labels)])
    centred = features - means[np.unique(labels, return_inverse=True)[1]]
    freedom = max(1, len(features) - len(means))
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    variances = singular**2 / freedom
    units = features.shape[1]
    kept = min(AXES, freedom // IMAGES_PER_AXIS, int((variances > 1e-12 * variances[0]).sum()), units - 1)
    rest = variances[kept:].sum() / (units - kept)
    floor = max(float(rest), 1e-6 * float(variances[0]), 1e-12)
    return FeatureGaussians(
        means=means.astype(np.float32),
        axes=axes[:kept].astype(np.float32),
        scales=np.sqrt(np.maximum(variances[:kept], floor)).astype(np.float32),
        residual_scale=float(np.sqrt(floor)),
    )


def directions(features: np.ndarray) -> np.ndarray:
    """Return features (N, units) scaled to length 1: how much of everything there is says little."""
    lengths = np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    return features / np.maximum(lengths, 1e-12)
