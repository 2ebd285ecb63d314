"""The served graph says what the network says, and its explanation adds up."""

import keras
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import tensorflow as tf

from allcore.model.serving import build_serving_graph, save_with_metadata
from tests.model.networks import random_network

CASES = [(32, "flatten"), (64, "gap"), (79, "flatten")]  # 79 px are odd at every halving


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}px-{case[1]}")
def served(request, tmp_path_factory):
    """Return a network with random weights and biases, its images, and what its served graph says of them."""
    model, weights, images = random_network(*request.param)
    path = tmp_path_factory.mktemp("served") / "model.onnx"
    save_with_metadata(build_serving_graph(weights), {"key": "value"}, path)
    outputs = ort.InferenceSession(path).run(["probabilities", "evidence", "features"], {"image": images})
    return model, weights, images, outputs, path


def logits_of(weights, features):
    return features @ weights.classifier[0] + weights.classifier[1]


def test_probabilities_and_features_are_the_networks(served):
    model, _, images, (probabilities, _, features), _ = served
    both = keras.Model(model.input, [model.output, model.get_layer("features").output])
    expected = both(images.astype(np.float32))
    np.testing.assert_allclose(probabilities, expected[0], atol=1e-5)
    np.testing.assert_allclose(features, expected[1], rtol=1e-3, atol=1e-3)


def test_evidence_and_bias_part_add_up_to_the_logit(served):
    _, weights, _, (_, evidence, features), _ = served
    bias_part = ((features > 0) * weights.dense[1]) @ weights.classifier[0] + weights.classifier[1]
    np.testing.assert_allclose(evidence.sum(axis=(2, 3)) + bias_part, logits_of(weights, features), atol=1e-3)


def test_evidence_is_gradient_times_activation(served):
    model, weights, images, (_, evidence, _), _ = served
    last = keras.Model(model.input, model.get_layer("block5_conv3").output)(images.astype(np.float32))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(last)
        x = last
        for name in ("block5_pool", "flatten" if weights.head == "flatten" else "average_pool", "features"):
            x = model.get_layer(name)(x)
        logits = [tf.reduce_sum(logits_of(weights, x)[:, number]) for number in range(4)]
    expected = np.stack([tf.reduce_sum(tape.gradient(logit, last) * last, axis=-1) for logit in logits], axis=1)
    np.testing.assert_allclose(evidence, expected, atol=1e-3)


def test_every_image_of_a_batch_is_answered_as_if_alone(served):
    *_, images, outputs, path = served
    session = ort.InferenceSession(path)
    for number, image in enumerate(images):
        alone = session.run(["probabilities", "evidence", "features"], {"image": image[None]})
        for together, single in zip(outputs, alone, strict=True):
            np.testing.assert_allclose(together[number], single[0], rtol=1e-3, atol=1e-4)


def test_metadata_travels_in_the_file(served):
    *_, path = served
    assert dict(ort.InferenceSession(path).get_modelmeta().custom_metadata_map) == {"key": "value"}


def test_graph_holds_each_weight_once(served):
    _, weights, _, _, path = served
    values = sum(a.size for pair in weights.convolutions.values() for a in pair)
    values += sum(a.size for a in (*weights.dense, *weights.classifier))
    held = sum(np.prod(t.dims) for t in onnx.load(path).graph.initializer if t.data_type == onnx.TensorProto.FLOAT)
    assert values <= held < values + 10
