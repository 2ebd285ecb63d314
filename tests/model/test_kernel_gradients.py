"""The gradients of 3×3 kernels are the same whichever way they are computed; nothing else of a network changes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from allcore.model.kernel_gradients import kernel_gradient, use_matrix_products


@pytest.mark.parametrize(
    ("inputs", "outputs", "height", "width"), [(1, 3, 5, 4), (32, 16, 7, 9), (256, 8, 3, 5), (300, 4, 1, 1)]
)
def test_the_gradient_is_that_of_the_convolution(inputs, outputs, height, width):
    rng = np.random.default_rng(inputs)
    values = tf.constant(rng.normal(size=(3, height, width, inputs)), tf.float32)
    change = tf.constant(rng.normal(size=(3, height, width, outputs)), tf.float32)
    kernel = tf.constant(rng.normal(size=(3, 3, inputs, outputs)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        answer = tf.nn.conv2d(values, kernel, 1, "SAME")
    wanted = tape.gradient(answer, kernel, change).numpy()
    found = kernel_gradient(values, change).numpy()
    assert found == pytest.approx(wanted, abs=1e-5 * float(np.abs(wanted).max()))


def network(**last):
    layers = keras.layers
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(8, **{"kernel_size": 3, "padding": "same", **last}),
            layers.GlobalAveragePooling2D(),
        ]
    )


def gradients(model):
    images = tf.constant(np.random.default_rng(1).normal(size=(2, 8, 8, 3)), tf.float32)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            answer = model(images, training=True)
            loss = tf.reduce_sum(answer**2)
        return answer, tape.gradient(loss, [variable.value for variable in model.trainable_variables])

    answer, found = step()
    return answer.numpy(), [each.numpy() for each in found]


def test_a_network_answers_and_learns_as_before():
    (plain, wanted), model = gradients(network()), network()
    assert use_matrix_products(model) == 2  # the first layer's products would be narrow
    answer, found = gradients(model)
    assert np.array_equal(answer, plain)
    for one, other in zip(found, wanted, strict=True):
        assert one == pytest.approx(other, abs=1e-5 * float(np.abs(other).max()))


@pytest.mark.parametrize(
    "other",
    [
        {"kernel_size": 5}, {"strides": 2}, {"dilation_rate": 2}, {"padding": "valid"}, {"groups": 2},
        {"trainable": False}, {"dtype": "mixed_bfloat16"},
    ],
)  # fmt: skip
def test_other_layers_stay_as_they_are(other):
    assert use_matrix_products(network(**other)) == 1


def test_a_saved_network_is_as_any_other(tmp_path):
    model = network()
    use_matrix_products(model)
    model.save(tmp_path / "model.keras")
    opened = keras.models.load_model(tmp_path / "model.keras")
    images = np.zeros((1, 8, 8, 3), np.float32)
    assert np.array_equal(opened(images), model(images))
    assert all("convolution_op" not in vars(layer) for layer in opened.layers)
