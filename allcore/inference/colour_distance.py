"""How far an image's colours are from those of the training images.

The nine colour moments of each class are modelled as one Gaussian. Its covariance is drawn towards that of all classes
together, the more so the fewer images the class has (regularised discriminant analysis, Friedman 1989).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allcore.data.stain.colour_moments import MOMENTS

_SHARED_WEIGHT = MOMENTS
"""Images that the covariance of all classes counts as, beside a class's own."""
_NOISE = 1.0
"""Grey levels by which a moment may differ for no reason: no direction has a smaller standard deviation."""


@dataclass(frozen=True)
class ColourGaussians:
    """Class means (C, 9), and the matrices (C, 9, 9) that give a class's colours variance 1 in every direction."""

    means: np.ndarray
    whitening: np.ndarray

    def distance(self, colours: np.ndarray) -> np.ndarray:
        """Return the distance of colour moments (N, 9) to the nearest class, root mean square over the nine: (N,).

        About 1 for images like those trained on.
        """
        centred = colours.astype(np.float64)[:, None, :] - self.means
        white = np.einsum("nci,cij->ncj", centred, self.whitening)
        return np.sqrt((white**2).mean(axis=2).min(axis=1))


def fit_colours(colours: np.ndarray, labels: np.ndarray) -> ColourGaussians:
    """Return the Gaussians of the colour moments (N, 9) of training images with class numbers (N,)."""
    colours = colours.astype(np.float64)
    classes = [colours[labels == label] for label in np.unique(labels)]
    means = np.stack([own.mean(axis=0) for own in classes])
    scatters = np.stack([(own - mean).T @ (own - mean) for own, mean in zip(classes, means, strict=True)])
    shared = scatters.sum(axis=0) / max(1, len(colours) - len(classes))
    freedom = np.array([len(own) - 1 for own in classes])[:, None, None]
    covariances = (scatters + _SHARED_WEIGHT * shared) / (freedom + _SHARED_WEIGHT) + _NOISE**2 * np.eye(MOMENTS)
    whitening = np.linalg.cholesky(np.linalg.inv(covariances))
    return ColourGaussians(means=means.astype(np.float32), whitening=whitening.astype(np.float32))
