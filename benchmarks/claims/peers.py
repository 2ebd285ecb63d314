"""ALLscope's augmentation as its peers make it, as far as they can.

None of them puts cells onto another field, gives an image the colours of another, or changes the amounts of dyes.
In place of dyes, Keras and torchvision change hue and saturation.
"""

from __future__ import annotations

from typing import Any

from allcore.config_parts import AugmentConfig

_HUE = 0.05
"""The most that hue changes either way, in turns of the colour circle."""


def image_data_generator(augment: AugmentConfig) -> Any:  # noqa: ANN401 - TensorFlow has no types
    """Return an `ImageDataGenerator` that makes these changes; it has none of colour but brightness."""
    import tensorflow as tf

    nearest, farthest = 1 / augment.scale[1], 1 / augment.scale[0]
    return tf.keras.preprocessing.image.ImageDataGenerator(
        rotation_range=augment.degrees, brightness_range=augment.brightness, fill_mode="reflect",
        horizontal_flip=augment.horizontal_flip, vertical_flip=augment.vertical_flip,
        zoom_range=(nearest, farthest),
    )  # fmt: skip


def keras_layers(augment: AugmentConfig) -> Any:  # noqa: ANN401 - Keras has no types
    """Return Keras's layers that make these changes, as one."""
    import keras

    layers = [
        keras.layers.RandomFlip("horizontal_and_vertical"),
        keras.layers.RandomRotation(augment.degrees / 360, fill_mode="reflect"),
        keras.layers.RandomBrightness([augment.brightness[0] - 1, augment.brightness[1] - 1]),
    ]
    if augment.scale != (1.0, 1.0):
        zoom = (1 / augment.scale[1] - 1, 1 / augment.scale[0] - 1)
        layers.append(keras.layers.RandomZoom(zoom, fill_mode="reflect"))
    if augment.stain_jitter:
        half = augment.stain_jitter / 4  # 0.5 changes nothing, and 1 ± the jitter is about 0.5 ± this
        layers += [keras.layers.RandomHue((0, 2 * _HUE)), keras.layers.RandomSaturation((0.5 - half, 0.5 + half))]
    if augment.grey:
        layers.append(keras.layers.RandomGrayscale(augment.grey))
    return keras.Sequential(layers)


def torchvision_changes(augment: AugmentConfig) -> list[Any]:
    """Return torchvision's transforms that make these changes, without a conversion of the image."""
    from torchvision.transforms import v2

    bilinear = v2.InterpolationMode.BILINEAR
    turn = v2.RandomRotation(augment.degrees, interpolation=bilinear)
    if augment.scale != (1.0, 1.0):
        turn = v2.RandomAffine(augment.degrees, scale=augment.scale, interpolation=bilinear)
    hue = _HUE if augment.stain_jitter else 0.0
    jitter = v2.ColorJitter(brightness=augment.brightness, saturation=augment.stain_jitter, hue=hue)
    grey = [v2.RandomGrayscale(augment.grey)] if augment.grey else []
    return [v2.RandomHorizontalFlip(), v2.RandomVerticalFlip(), turn, jitter, *grey]
