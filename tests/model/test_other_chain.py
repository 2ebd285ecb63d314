"""A plain chain of convolutions of another depth than VGG16's, with another preprocessing, is one more table."""

from dataclasses import replace

import keras
import numpy as np
import onnxruntime as ort
import pytest

from allcore.config import make_config
from allcore.errors import WeightsError
from allcore.model.build import build_network
from allcore.model.frozen import open_frozen
from allcore.model.initial_weights import check_weights_file
from allcore.model.quantise import build_int8_graph, calibrate
from allcore.model.serving import build_serving_graph
from allcore.networks.registry import TRUNKS
from allcore.networks.trunk import STANDARDISED_RGB, Convolution, Stage
from allcore.networks.vgg16 import VGG16
from allcore.training.load_weights import load_initial_weights
from tests.model.networks import random_network

WIDTHS = ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4)
OUTPUTS = ["probabilities", "evidence", "features"]


def deeper_chain():
    """Return a table of sixteen convolutions, as Keras builds them under the name VGG19."""
    found, inputs = [], 3
    for block, widths in enumerate(WIDTHS, start=1):
        for number, outputs in enumerate(widths, start=1):
            found.append(Convolution(f"block{block}_conv{number}", block, inputs, outputs))
            inputs = outputs
    return replace(
        VGG16,
        name="deeper",
        title="Deeper",
        application="VGG19",
        preprocessing=STANDARDISED_RGB,
        stages=tuple(Stage(one.name, one.name) for one in found),
        convolutions=tuple(found),
        parameters=sum(9 * one.inputs * one.outputs + one.outputs for one in found),
    )


@pytest.fixture(autouse=True)
def deeper(monkeypatch):
    trunk = deeper_chain()
    monkeypatch.setitem(TRUNKS, trunk.name, trunk)
    return trunk


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the chain with weights of its own, and the file that holds them."""
    keras.utils.set_random_seed(3)
    base = keras.applications.VGG19(include_top=False, weights=None, input_shape=(32, 32, 3))
    for layer in (one for one in base.layers if one.weights):
        layer.bias.assign(np.random.default_rng(1).normal(0, 0.1, layer.bias.shape))
    file = tmp_path_factory.mktemp("saved") / "deeper.weights.h5"
    base.save_weights(file)
    return base, file


def test_each_convolution_begins_with_the_weights_of_the_file(saved):
    base, file = saved
    config = make_config(dataset="smears", network="deeper", image_size=32, dense_units=8, weights=str(file))
    model = build_network(config, 4)
    load_initial_weights(model, config)
    for convolution in config.trunk.convolutions:
        wanted = base.get_layer(convolution.name).get_weights()
        for found, array in zip(model.get_layer(convolution.name).get_weights(), wanted, strict=True):
            np.testing.assert_array_equal(found, array)


def test_a_file_of_the_other_chain_is_refused_whichever_is_the_deeper(deeper, saved, tmp_path):
    check_weights_file(saved[1], deeper)
    keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(
        tmp_path / "vgg16.weights.h5"
    )
    with pytest.raises(WeightsError, match=r"has no layer block3_conv4: not Deeper.*ALLCORE_DEEPER_WEIGHTS"):
        check_weights_file(tmp_path / "vgg16.weights.h5", deeper)
    with pytest.raises(WeightsError, match=r"has a convolution block[345]_conv4: not VGG16"):
        check_weights_file(saved[1], VGG16)


def test_frozen_features_are_those_of_keras(deeper, saved):
    base, file = saved
    image = np.random.default_rng(2).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    mean, scale = (np.array(values, np.float32) for values in (STANDARDISED_RGB.mean, STANDARDISED_RGB.scale))
    expected = base((image[None] - mean) * scale).numpy().mean(axis=(0, 1, 2))
    np.testing.assert_allclose(open_frozen(deeper, file, 32).features(image), expected, rtol=1e-3, atol=1e-4)


def run(graph, images):
    session = ort.InferenceSession(graph.SerializeToString())
    return dict(zip(OUTPUTS, session.run(OUTPUTS, {"image": images}), strict=True))


def test_int8_is_near_float32_and_adds_up_too():
    model, weights, images = random_network(47, images=4, network="deeper")
    expected = model(images.astype(np.float32))
    np.testing.assert_allclose(run(build_serving_graph(weights), images)["probabilities"], expected, atol=1e-4)
    louder = [
        replace(one, arrays=(np.float32(1.4) * one.arrays[0], one.arrays[1] / 10)) if one.arrays else one
        for one in weights.layers
    ]
    weights = replace(weights, layers=tuple(louder))  # else what differs between images fades with depth
    images = images // 8 + np.array([[0, 0, 224], [224, 0, 0], [112, 224, 112], [224, 224, 224]])[:, None, None]
    images = images.astype(np.uint8)
    float32 = run(build_serving_graph(weights), images)
    int8 = run(build_int8_graph(weights, calibrate(weights, [images])), images)
    spread = np.linalg.norm(float32["features"] - float32["features"].mean(axis=0), axis=1).mean()
    assert np.linalg.norm(int8["features"] - float32["features"], axis=1).max() < 0.5 * spread
    logits = int8["features"] @ weights.classifier[0] + weights.classifier[1]
    bias_part = ((int8["features"] > 0) * weights.dense[1]) @ weights.classifier[0] + weights.classifier[1]
    np.testing.assert_allclose(int8["evidence"].sum(axis=(2, 3)) + bias_part, logits, atol=1e-3)
