"""The trained network: a trunk, its preprocessing before it and the paper's head behind it."""

from __future__ import annotations

import re
from typing import Any

import keras

from allcore.config import TrainConfig
from allcore.networks.trunk import Preprocessing, Trunk


def build_network(config: TrainConfig, classes: int) -> keras.Model:
    """Return the network that `config` describes, randomly initialised; by default the modified VGG16 of the paper.

    Input is `image`, float or uint8 of shape (N, S, S, 3), RGB, 0 to 255: the trunk's own preprocessing is part of the
    model. Output is `probabilities`, float32 of shape (N, classes), a softmax. Between them: the trunk, of which
    `config.fine_tuned` learns; flatten (or global average pooling); a dense ReLU layer `features`; dropout. Under a
    mixed-precision policy the softmax stays in float32.
    """
    trunk, size = config.trunk, config.image_size
    image = keras.Input((size, size, 3), name="image", dtype="float32")
    base = build_trunk(trunk, weights=None, input_tensor=_preprocessed(image, trunk.preprocessing))
    learning = [stage.layers for stage in config.fine_tuned]
    for layer in base.layers:
        layer.trainable = any(re.fullmatch(pattern, layer.name) for pattern in learning)

    x = base.output
    if config.head == "flatten":
        x = keras.layers.Flatten(name="flatten")(x)
    else:
        x = keras.layers.GlobalAveragePooling2D(name="average_pool")(x)
    x = keras.layers.Dense(config.dense_units, activation="relu", name="features")(x)
    x = keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(x)
    probabilities = keras.layers.Dense(classes, activation="softmax", name="probabilities", dtype="float32")(x)
    return keras.Model(image, probabilities, name=f"modified_{trunk.name}")


def build_trunk(trunk: Trunk, **how: Any) -> keras.Model:  # noqa: ANN401 - what keras.applications takes
    """Return the trunk as `keras.applications` builds it, with its `weights` and an `input_tensor` or `input_shape`."""
    model: keras.Model = getattr(keras.applications, trunk.application)(include_top=False, **trunk.options, **how)
    return model


def _preprocessed(image: keras.KerasTensor, preprocessing: Preprocessing) -> keras.KerasTensor:
    offset = [-mean * scale for mean, scale in zip(preprocessing.mean, preprocessing.scale, strict=True)]
    x = keras.layers.Rescaling(list(preprocessing.scale), offset=offset, name="preprocessing", dtype="float32")(image)
    return keras.ops.flip(x, axis=-1) if preprocessing.order == "BGR" else x
