"""The modified VGG16: VGG16's convolutions, block 5 frozen, and a new head."""

from __future__ import annotations

import keras
import numpy as np

from allcore.config import TrainConfig
from allcore.model.architecture import CONVOLUTION_LAYERS, IMAGENET_MEAN_RGB
from allcore.model.graph import NetworkWeights


def build_vgg16(config: TrainConfig, classes: int) -> keras.Model:
    """Return the modified VGG16 of the paper's methods section, randomly initialised.

    Input is `image`, float or uint8 of shape (N, S, S, 3), RGB, 0 to 255: VGG's own preprocessing (RGB to BGR, ImageNet
    mean subtracted) is part of the model. Output is `probabilities`, float32 of shape (N, classes), a softmax.
    Between them: thirteen convolutions, of which `config.trainable_layers` learn; flatten (or global average
    pooling); a dense ReLU layer `features`; dropout. Under a mixed-precision policy the softmax stays in float32.
    """
    size = config.image_size
    image = keras.Input((size, size, 3), name="image", dtype="float32")
    centred = keras.layers.Rescaling(
        1.0, offset=[-mean for mean in IMAGENET_MEAN_RGB], name="subtract_mean", dtype="float32"
    )(image)
    bgr = keras.ops.flip(centred, axis=-1)
    base = keras.applications.VGG16(include_top=False, weights=None, input_tensor=bgr)

    x = base.output
    if config.head == "flatten":
        x = keras.layers.Flatten(name="flatten")(x)
    else:
        x = keras.layers.GlobalAveragePooling2D(name="average_pool")(x)
    x = keras.layers.Dense(config.dense_units, activation="relu", name="features")(x)
    x = keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(x)
    probabilities = keras.layers.Dense(classes, activation="softmax", name="probabilities", dtype="float32")(x)

    model = keras.Model(image, probabilities, name="modified_vgg16")
    trainable = set(config.trainable_layers)
    for name in CONVOLUTION_LAYERS:
        model.get_layer(name).trainable = name in trainable
    return model


def network_weights(model: keras.Model, config: TrainConfig) -> NetworkWeights:
    """Return a modified VGG16's weights as float32 arrays, as the served graph wants them."""

    def arrays(layer: str) -> tuple[np.ndarray, np.ndarray]:
        kernel, bias = model.get_layer(layer).get_weights()
        return kernel, bias

    return NetworkWeights(
        convolutions={name: arrays(name) for name in CONVOLUTION_LAYERS},
        dense=arrays("features"),
        classifier=arrays("probabilities"),
        head=config.head,
        image_size=config.image_size,
    )
