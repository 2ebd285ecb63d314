"""The int8 graph: small, near the float32 one, the same on every processor, and its explanation adds up as well."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import tensorflow as tf
from onnx import numpy_helper

from allcore.model.quantise import KERNEL_LIMIT, build_int8_graph, calibrate
from allcore.model.serving import build_serving_graph
from allcore.networks.vgg16 import CONVOLUTIONS
from tests.model.networks import random_network

CASES = [(47, "flatten"), (64, "gap"), (96, "flatten")]
OUTPUTS = ["probabilities", "evidence", "features"]


def run(model, images):
    return answers_of(ort.InferenceSession(model.SerializeToString()), images)


def answers_of(session, images):
    return dict(zip(OUTPUTS, session.run(OUTPUTS, {"image": images}), strict=True))


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}px-{case[1]}")
def quantised(request):
    """Return random weights, images, the int8 graph made from them, and what it says of them."""
    _, weights, images = random_network(*request.param, images=4)
    graph = build_int8_graph(weights, calibrate(weights, [images[:3], images[3:]]))
    return weights, images, graph, run(graph, images)


@pytest.fixture(scope="module")
def float32(quantised):
    """Return the graph in float32 of the same weights."""
    return build_serving_graph(quantised[0])


def initializers(graph):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}


def test_features_are_near_those_of_float32(quantised, float32):
    _, images, _, answers = quantised
    expected = run(float32, images)["features"]
    error = np.linalg.norm(answers["features"] - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert error.max() < 0.1


def test_evidence_and_bias_part_add_up_to_the_logit(quantised):
    weights, _, _, answers = quantised
    features = answers["features"]
    bias_part = ((features > 0) * weights.dense[1]) @ weights.classifier[0] + weights.classifier[1]
    logits = features @ weights.classifier[0] + weights.classifier[1]
    np.testing.assert_allclose(answers["evidence"].sum(axis=(2, 3)) + bias_part, logits, atol=1e-3)


def test_every_image_of_a_batch_is_answered_as_if_alone(quantised):
    _, images, graph, answers = quantised
    session = ort.InferenceSession(graph.SerializeToString())
    for number, image in enumerate(images):
        alone = answers_of(session, image[None])
        for name in OUTPUTS:
            np.testing.assert_allclose(answers[name][number], alone[name][0], rtol=1e-4, atol=1e-5)


def test_file_is_about_a_quarter_of_float32(quantised, float32):
    assert quantised[2].ByteSize() < 0.27 * float32.ByteSize()


def test_no_sum_of_two_products_exceeds_16_bits_so_every_processor_says_the_same(quantised):
    kernels = [values for values in initializers(quantised[2]).values() if values.dtype == np.int8]
    assert len(kernels) == len(CONVOLUTIONS) + 1
    assert max(np.abs(kernel.astype(int)).max() for kernel in kernels) == KERNEL_LIMIT
    assert 2 * 255 * KERNEL_LIMIT < 2**15


def test_answers_are_those_of_integer_arithmetic_written_out(quantised):
    """The convolutions again in float64, from the file's own integers, rounded where the file rounds."""
    weights, images, graph, answers = quantised
    held = initializers(graph)
    scale = held["image.scale"].astype(np.float64)
    centred = images - held["imagenet_mean"]
    x = np.clip(np.rint(centred / held["image.scale"]) + held["image.zero_point"], 0, 255) - held["image.zero_point"]
    x = x.astype(np.float64)
    for number, convolution in enumerate(CONVOLUTIONS):
        name = convolution.name
        kernel = held[f"{name}.kernel"][:, : x.shape[3]].transpose(2, 3, 1, 0).astype(np.float64)
        total = tf.nn.conv2d(x, kernel, 1, "SAME").numpy() + held[f"{name}.bias"]
        scaled = total * scale * held[f"{name}.kernel_scale"] / held[f"{name}.scale"]
        x = np.clip(np.rint(scaled), 0, 255)
        scale = held[f"{name}.scale"].astype(np.float64)
        if number + 1 == len(CONVOLUTIONS) or CONVOLUTIONS[number + 1].block != convolution.block:
            x = tf.nn.max_pool2d(x, 2, 2, "VALID").numpy()
    kernels = held["features.kernel"].astype(np.float64) * held["features.scale"]
    if weights.head == "gap":
        linear = x.sum(axis=(1, 2)) @ kernels[0]
    else:
        linear = np.einsum("nkc,kcu->nu", x.reshape(len(x), len(kernels), -1), kernels)
    expected = np.maximum(linear + weights.dense[1], 0.0)
    error = np.linalg.norm(answers["features"] - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert error.max() < 0.01  # a value midway between two integers may be rounded either way


def test_image_of_vgg16_is_rounded_as_in_every_file_made_so_far(quantised):
    held = initializers(quantised[2])
    assert (held["image.scale"], held["image.zero_point"]) == (np.float32(275 / 255), 115)


def test_calibration_is_the_largest_and_the_mean_of_what_the_layers_compute():
    model, weights, images = random_network(32, images=5)
    found = calibrate(weights, [images[:4], images[4:]])
    x = images.astype(np.float32)
    for layer in model.layers[1:]:
        if layer.name in found.largest:
            means = x.mean(axis=(0, 1, 2))
            np.testing.assert_allclose(found.mean_inputs[layer.name], means, rtol=1e-3, atol=1e-3)
        x = layer(x[..., ::-1] if layer.name == "block1_conv1" else x).numpy()  # the layer wants BGR
        if layer.name in found.largest:
            assert found.largest[layer.name] == pytest.approx(x.max(), rel=1e-4)
    assert set(found.largest) == {convolution.name for convolution in CONVOLUTIONS}


def test_layers_that_died_are_served_too():
    _, weights, images = random_network(32)
    dead = [replace(layer, arrays=tuple(np.zeros_like(array) for array in layer.arrays)) for layer in weights.layers]
    weights = replace(weights, layers=tuple(dead))
    answers = run(build_int8_graph(weights, calibrate(weights, [images])), images)
    np.testing.assert_allclose(
        answers["features"], np.maximum(weights.dense[1], 0.0)[None].repeat(3, axis=0), atol=1e-6
    )


def test_graph_holds_each_weight_once_in_eight_bits(quantised):
    weights, _, graph, _ = quantised
    kernels = sum(kernel.size for kernel, _ in weights.convolutions.values()) + weights.dense[0].size
    padding = weights.convolutions["block1_conv1"][0].size // 3  # a fourth channel
    held = sum(int(np.prod(t.dims)) for t in graph.graph.initializer if t.data_type == onnx.TensorProto.INT8)
    assert held == kernels + padding


def test_no_layer_reads_channels_that_are_not_a_multiple_of_four(quantised):
    held = initializers(quantised[2])
    assert all(held[f"{convolution.name}.kernel"].shape[1] % 4 == 0 for convolution in CONVOLUTIONS)
