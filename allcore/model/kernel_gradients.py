"""The gradient of 3×3 kernels as matrix products, on processors for which oneDNN computes it slowly.

Without AVX-512 its convolution forwards, and back to the input, does 100 to 150 GFLOP/s where the one back to the
kernel does 12 to 75 (docs/performance.md). The kernel's gradient is nine products of what the layer saw, shifted by a
pixel each way, with what is to change of its output: plain products do 60 to 120.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import keras
import tensorflow as tf

_FEWEST_INPUTS: Final = 32
"""Channels below which the products are narrow, and no faster."""
_WIDE: Final = 256
"""Channels from which three shifts at once pay for the copy that puts them side by side."""


def use_matrix_products(network: keras.Model) -> int:
    """Let a float32 network's 3×3 convolutions have their kernels' gradients from matrix products; return how many.

    What the layers answer, and what is saved of them, stays as it is.
    """
    layers = [layer for layer in _layers_of(network) if _is_plain(layer)]
    for layer in layers:
        layer.convolution_op = _convolution
    return len(layers)


def _layers_of(network: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers_of(layer)
        else:
            yield layer


def _is_plain(layer: Any) -> bool:  # noqa: ANN401 - any of Keras's layers
    """Return whether a layer is a 3×3 convolution that keeps the size and whose kernel learns."""
    return (
        type(layer) is keras.layers.Conv2D
        and (layer.kernel_size, layer.strides, layer.dilation_rate) == ((3, 3), (1, 1), (1, 1))
        and (layer.padding, layer.groups, layer.data_format) == ("same", 1, "channels_last")
        and (layer.trainable, layer.compute_dtype) == (True, "float32")
        and layer.kernel.shape[2] >= _FEWEST_INPUTS
    )


@tf.custom_gradient
def _convolved(values: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Any]:
    def gradients(change: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        back = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(values), filter=kernel, out_backprop=change, strides=[1, 1, 1, 1], padding="SAME"
        )
        return back, kernel_gradient(values, change)

    return tf.nn.conv2d(values, kernel, 1, "SAME"), gradients


def _convolution(values: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    return _convolved(tf.convert_to_tensor(values), tf.convert_to_tensor(kernel))


def kernel_gradient(values: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
    """Return the gradient of a 3×3 kernel, float32 (3, 3, I, O), by which values (N, H, W, I) were convolved.

    `change`, (N, H, W, O), is the gradient of the output. One shift after the other: each takes as much as `values`.
    """
    (_, height, width, inputs), outputs = values.shape, change.shape[-1]
    with tf.control_dependencies([change]):  # or all layers' are made on the way forwards, and held until then
        padded = tf.pad(values, [[0, 0], [1, 1], [1, 1], [0, 0]])
    change = tf.reshape(change, (-1, outputs))
    products: list[tf.Tensor] = []
    for row in range(3):
        for columns in ((0, 1, 2),) if inputs >= _WIDE else ((0,), (1,), (2,)):
            with tf.control_dependencies(products[-1:]):
                shifted = tf.concat(
                    [padded[:, row : row + height, column : column + width] for column in columns], axis=-1
                )
            rows = tf.reshape(shifted, (-1, inputs * len(columns)))
            products.append(tf.matmul(rows, change, transpose_a=True))
    return tf.reshape(tf.concat(products, 0), (3, 3, inputs, outputs))
