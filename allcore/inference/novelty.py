"""Novelty: how unlike the training smears an image is, by the network's features and by its colours.

Features alone depend on what one training made of them, and a network may have learnt to overlook what makes an image
strange; colours do not pass through the network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allcore.data.stain.colour_moments import MOMENTS
from allcore.errors import ModelFileError
from allcore.inference.colour_distance import ColourGaussians, fit_colours
from allcore.inference.feature_distance import FeatureGaussians, fit_features
from allcore.inference.metadata import NoveltyReference, decode_array, encode_array

PASSING = 0.95
"""Part of the validation images that are not called novel."""


@dataclass(frozen=True)
class NoveltyModel:
    """What features and colours the training images have; None where the model's file knows no colours."""

    features: FeatureGaussians
    colours: ColourGaussians | None

    def distance(self, features: np.ndarray, colours: np.ndarray) -> np.ndarray:
        """Return the novelty of images with these features (N, units) and colour moments (N, 9): (N,)."""
        return novelty_of(self.distances(features, colours))

    def distances(self, features: np.ndarray, colours: np.ndarray) -> np.ndarray:
        """Return what novelty is made of: the distance by features and that by colours, NaN if not known: (2, N)."""
        by_features = self.features.distance(features)
        unknown = np.full_like(by_features, np.nan)
        return np.stack([by_features, unknown if self.colours is None else self.colours.distance(colours)])


def novelty_of(distances: np.ndarray) -> np.ndarray:
    """Return the novelty (N,) of distances (2, N): their root mean square, about 1 for images like those trained on.

    Distances that are not known, NaN, are left out.
    """
    return np.sqrt(np.nanmean(distances**2, axis=0))


def fit_novelty(features: np.ndarray, colours: np.ndarray, labels: np.ndarray) -> NoveltyModel:
    """Return the model of training images: features (N, units), colour moments (N, 9) and class numbers (N,)."""
    return NoveltyModel(fit_features(features, labels), fit_colours(colours, labels))


def fit_threshold(validation_distances: np.ndarray) -> float:
    """Return the distance that 95 % of the validation images do not exceed."""
    return float(np.quantile(validation_distances, PASSING, method="higher"))


def to_reference(model: NoveltyModel, threshold: float) -> NoveltyReference:
    """Return the model and its threshold as a served file carries them."""
    features, colours = model.features, model.colours
    if colours is None:
        raise ModelFileError("a novelty reference without colours is written no more; fit one with `fit_novelty`")
    return NoveltyReference(
        means=encode_array(features.means),
        axes=encode_array(features.axes),
        scales=encode_array(features.scales),
        residual_scale=features.residual_scale,
        colour_means=encode_array(colours.means),
        colour_whitening=encode_array(colours.whitening),
        threshold=threshold,
        units=features.means.shape[1],
    )


def from_reference(reference: NoveltyReference) -> NoveltyModel:
    """Return the model that a served file carries. Raises `ModelFileError` when its arrays are damaged."""
    features = FeatureGaussians(
        means=decode_array(reference.means, reference.units),
        axes=decode_array(reference.axes, reference.units),
        scales=decode_array(reference.scales),
        residual_scale=reference.residual_scale,
    )
    if len(features.axes) != len(features.scales) or (features.scales <= 0).any():
        raise ModelFileError(
            f"the novelty reference in the model's description is damaged ({len(features.axes)} axes, "
            f"{(features.scales > 0).sum()} of {len(features.scales)} scales above 0)"
        )
    if not reference.colour_means and not reference.colour_whitening:
        return NoveltyModel(features, None)
    colour_means = decode_array(reference.colour_means, MOMENTS)
    whitening = decode_array(reference.colour_whitening, MOMENTS)
    classes = len(features.means)
    if (len(colour_means), len(whitening)) != (classes, classes * MOMENTS):
        raise ModelFileError(
            f"the novelty reference in the model's description is damaged ({classes} classes by their features, "
            f"{len(colour_means)} and {len(whitening) / MOMENTS:g} by their colours)"
        )
    return NoveltyModel(features, ColourGaussians(colour_means, whitening.reshape(classes, MOMENTS, MOMENTS)))
