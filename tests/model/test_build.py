"""The network is the paper's: layers, what learns, sizes, parameters."""

import json
import zipfile

import keras
import numpy as np
import pytest

from allcore.config import make_config
from allcore.model.build import build_network
from allcore.networks.vgg16 import CONVOLUTIONS, VGG16

LAYERS = [
    "image", "preprocessing",
    "block1_conv1", "block1_conv2", "block1_pool",
    "block2_conv1", "block2_conv2", "block2_pool",
    "block3_conv1", "block3_conv2", "block3_conv3", "block3_pool",
    "block4_conv1", "block4_conv2", "block4_conv3", "block4_pool",
    "block5_conv1", "block5_conv2", "block5_conv3", "block5_pool",
    "flatten", "features", "dropout", "probabilities",
]  # fmt: skip
NAMES = [convolution.name for convolution in CONVOLUTIONS]
CONVOLUTION_BASE = 14_714_688
BLOCK_5 = 3 * (9 * 512 * 512 + 512)


@pytest.fixture(scope="module", params=[(150, 4), (250, 7), (300, 9)], ids=lambda p: f"{p[0]}px")
def sized(request):
    size, side = request.param
    keras.utils.clear_session()
    return build_network(make_config(dataset="smears", image_size=size), 4), size, side


def test_layers_are_named_and_ordered_as_in_vgg16(sized):
    model, _, _ = sized
    names = [layer.name for layer in model.layers]
    assert names == LAYERS


def test_block1_to_block4_learn_and_block5_is_frozen(sized):
    model, _, _ = sized
    learning = {layer.name for layer in model.layers if layer.trainable_weights}
    assert learning == {name for name in NAMES if not name.startswith("block5")} | {
        "features",
        "probabilities",
    }


def test_feature_map_before_the_head(sized):
    model, _, side = sized
    assert model.get_layer("block5_pool").output.shape == (None, side, side, 512)


def test_parameter_counts(sized):
    model, size, side = sized
    head = (512 * side * side + 1) * 1024 + 1025 * 4
    assert sum(model.get_layer(name).count_params() for name in NAMES) == CONVOLUTION_BASE
    assert model.count_params() == CONVOLUTION_BASE + head == VGG16.parameter_count(size, 4)
    assert sum(np.prod(w.shape) for w in model.trainable_weights) == CONVOLUTION_BASE - BLOCK_5 + head


def test_activations_are_the_layers_outputs(sized):
    model, size, _ = sized
    layers = [layer for layer in model.layers if layer.name.startswith("block")]
    assert VGG16.activations(size) == sum(np.prod(layer.output.shape[1:]) for layer in layers)


def test_dropout_rate_is_the_papers_leakage_rate(sized):
    model, _, _ = sized
    assert model.get_layer("dropout").rate == 0.25


def test_preprocessing_inside_the_model_is_vggs_own():
    model = build_network(make_config(dataset="smears", image_size=32), 4)
    image = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    inside = keras.Model(model.input, model.get_layer("block1_conv1").input)(image)
    np.testing.assert_allclose(inside, keras.applications.vgg16.preprocess_input(image.copy()), atol=1e-4)


@pytest.mark.parametrize(("first", "last"), [("block5_conv1", "block5_conv3"), ("block3_conv2", "block4_conv1")])
def test_any_range_of_convolutions_can_be_fine_tuned(first, last):
    config = make_config(dataset="smears", image_size=32, trainable_from=first, trainable_to=last)
    model = build_network(config, 4)
    learning = [name for name in NAMES if model.get_layer(name).trainable]
    assert (learning[0], learning[-1]) == (first, last)


def test_pooling_head_has_the_same_size_at_any_image_size():
    counts = {
        build_network(make_config(dataset="smears", image_size=size, head="gap"), 4).count_params() for size in (32, 96)
    }
    assert counts == {VGG16.parameter_count(64, 4, head="gap")}


def test_saved_model_opens_with_keras_alone(tmp_path):
    model = build_network(make_config(dataset="smears", image_size=32, head="gap", dense_units=8), 3)
    image = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as file:
        parts = list(parts_of(json.loads(file.read("config.json"))))
    assert len(parts) > 20
    assert {module.partition(".")[0] for module, _ in parts if module} == {"keras"}
    assert not [name for _, name in parts if name and ">" in name]  # how Keras writes what others registered with it
    opened = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(opened(image), model(image), atol=1e-6)


def parts_of(config):
    """Yield module and registered name of everything in a saved model that is made from a class."""
    if isinstance(config, dict):
        if "module" in config:
            yield config["module"], config.get("registered_name")
        for value in config.values():
            yield from parts_of(value)
    elif isinstance(config, list):
        for value in config:
            yield from parts_of(value)
