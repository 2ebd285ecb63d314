"""The paper's augmentation as Keras's two ways of it make it."""

from __future__ import annotations

from typing import Any

from allcore.config_parts import AugmentConfig


def image_data_generator(augment: AugmentConfig) -> Any:  # noqa: ANN401 - TensorFlow has no types
    """Return an `ImageDataGenerator` that makes these changes."""
    import tensorflow as tf

    return tf.keras.preprocessing.image.ImageDataGenerator(
        rotation_range=augment.degrees, brightness_range=augment.brightness, fill_mode="reflect",
        horizontal_flip=augment.horizontal_flip, vertical_flip=augment.vertical_flip,
    )  # fmt: skip


def keras_layers(augment: AugmentConfig) -> Any:  # noqa: ANN401 - Keras has no types
    """Return Keras's layers that make these changes, as one."""
    import keras

    return keras.Sequential([
        keras.layers.RandomFlip("horizontal_and_vertical"),
        keras.layers.RandomRotation(augment.degrees / 360, fill_mode="reflect"),
        keras.layers.RandomBrightness([augment.brightness[0] - 1, augment.brightness[1] - 1]),
    ])  # fmt: skip
