"""Drawn features and colour moments of four classes; every seed shares one distribution."""

import numpy as np

from allcore.data.stain.colour_moments import MOMENTS

CLASSES = 4


def features_like(units, images, seed):
    """Return ReLU-like features (images, units), and their class numbers."""
    shared = np.random.default_rng(99)
    means = shared.normal(1.0, 1.0, (CLASSES, units))
    mixing = shared.normal(0.0, 1.0, (min(units, 12), units)) * 0.4
    rng = np.random.default_rng(seed)
    labels = np.arange(images) % CLASSES
    noise = rng.normal(size=(images, len(mixing))) @ mixing + rng.normal(0.0, 0.3, (images, units))
    return np.maximum(means[labels] + noise, 0.0).astype(np.float32), labels


def colours_like(images, seed):
    """Return colour moments (images, 9) in grey levels, and their class numbers."""
    shared = np.random.default_rng(98)
    means = shared.uniform(20.0, 220.0, (CLASSES, MOMENTS))
    mixing = shared.normal(0.0, 6.0, (MOMENTS, MOMENTS))
    labels = np.arange(images) % CLASSES
    noise = np.random.default_rng(seed).normal(size=(images, MOMENTS)) @ mixing
    return (means[labels] + noise).astype(np.float32), labels
