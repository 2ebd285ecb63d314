"""Frozen features are what Keras's VGG16 sees, without Keras."""

import keras
import numpy as np

from allcore.model.frozen import open_frozen
from allcore.networks.vgg16 import VGG16


def test_features_are_the_means_of_the_last_channels(tmp_path):
    keras.utils.set_random_seed(0)
    base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(64, 64, 3))
    base.save_weights(tmp_path / "vgg16.weights.h5")
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    inside = keras.applications.vgg16.preprocess_input(image[None].astype(np.float32))
    expected = base(inside).numpy().mean(axis=(0, 1, 2))
    found = open_frozen(VGG16, tmp_path / "vgg16.weights.h5", 64).features(image)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
