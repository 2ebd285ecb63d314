"""Every network: its table is true, its served graph says what it says, and the explanation adds up."""

import re

import keras
import numpy as np
import onnxruntime as ort
import pytest
import tensorflow as tf

from allcore.config import make_config
from allcore.model.build import build_network
from allcore.model.quantise_any import quantise_trunk
from allcore.model.serving import build_serving_graph
from allcore.model.trained import network_weights
from allcore.networks.registry import TRUNKS
from tests.damaged import TIMES

SIZE = 47
OUTPUTS = ["probabilities", "evidence", "features"]
OF_KERAS = {
    "densenet121": keras.applications.densenet,
    "resnet50": keras.applications.resnet,
    "vgg16": keras.applications.vgg16,
}

LARGE = {"densenet121", "efficientnetv2b0", "resnet50"}
"""Networks that take long to quantise: in soak alone, since a run serves int8 only where it agrees with float32."""


class Case:
    """A network with random weights and statistics, and what its graphs say of three images."""

    def __init__(self, name, head="flatten", size=SIZE):
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        self.trunk, self.size = TRUNKS[name], size
        self.config = make_config(dataset="smears", network=name, image_size=size, head=head, dense_units=32)
        self.model = build_network(self.config, 4)
        rng = np.random.default_rng(1)
        for weight in self.model.weights:
            if weight.name in ("moving_variance", "gamma"):
                weight.assign(rng.uniform(0.7, 1.3, weight.shape))
            elif weight.name in ("moving_mean", "beta", "bias"):
                weight.assign(rng.normal(0, 0.1, weight.shape))
        self.images = rng.integers(0, 256, (3, size, size, 3)).astype(np.uint8)
        self.weights = network_weights(self.model, self.config)
        self.graph = build_serving_graph(self.weights)
        self.answers = run(self.graph, self.images)

    @property
    def base(self):
        """The trunk's layers with weights."""
        return [
            layer for layer in self.model.layers if layer.weights and layer.name not in ("features", "probabilities")
        ]


def run(graph, images):
    session = ort.InferenceSession(graph.SerializeToString())
    return dict(zip(OUTPUTS, session.run(OUTPUTS, {"image": images}), strict=True))


@pytest.fixture(scope="module", params=TRUNKS)
def case(request):
    return Case(request.param)


def test_parameters_are_the_tables(case):
    assert case.model.count_params() == case.config.parameter_count(4)


def test_head_sees_a_map_of_the_tables_size(case):
    side = case.trunk.pooled_side(SIZE)
    assert case.model.get_layer("flatten").input.shape[1:] == (side, side, case.trunk.channels)


def test_each_layer_with_weights_belongs_to_one_stage_and_the_last_stage_is_frozen(case):
    stages = {layer: [s.name for s in case.trunk.stages if re.fullmatch(s.layers, layer.name)] for layer in case.base}
    assert {len(names) for names in stages.values()} == {1}
    assert {name for (name,) in stages.values()} == set(case.trunk.stage_names)
    learning = {stage.name for stage in case.config.fine_tuned}
    assert all(layer.trainable == (name in learning) for layer, (name,) in stages.items())
    assert case.trunk.stage_names[-1] not in learning


def test_preprocessing_is_that_of_the_networks_own_weights(case):
    image = case.images.astype(np.float32)
    first = case.model.layers[2] if case.trunk.preprocessing.order == "RGB" else case.base[0]
    inside = keras.Model(case.model.input, first.input)(image).numpy()
    if inside.shape[1] > SIZE:  # zeros stand around it
        inside = inside[:, 3:-3, 3:-3]
    if case.trunk.name in OF_KERAS:
        expected = OF_KERAS[case.trunk.name].preprocess_input(image.copy())
    else:
        whole = getattr(keras.applications, case.trunk.application)(
            include_top=False, weights=None, input_shape=(SIZE, SIZE, 3), include_preprocessing=True
        )
        own = next(
            layer for layer in whole.layers if layer.weights and not isinstance(layer, keras.layers.Normalization)
        )
        expected = keras.Model(whole.input, own.input)(image)
    np.testing.assert_allclose(inside, expected, atol=1e-3)


def test_graph_says_what_the_network_says(case):
    both = keras.Model(case.model.input, [case.model.output, case.model.get_layer("features").output])
    probabilities, features = both(case.images.astype(np.float32))
    np.testing.assert_allclose(case.answers["probabilities"], probabilities, atol=1e-4)
    np.testing.assert_allclose(case.answers["features"], features, rtol=1e-3, atol=1e-3)


def assert_adds_up(weights, answers):
    features = answers["features"]
    bias_part = ((features > 0) * weights.dense[1]) @ weights.classifier[0] + weights.classifier[1]
    logits = features @ weights.classifier[0] + weights.classifier[1]
    np.testing.assert_allclose(answers["evidence"].sum(axis=(2, 3)) + bias_part, logits, atol=1e-3)


def test_evidence_and_bias_part_add_up_to_the_logit(case):
    assert case.answers["evidence"].shape[2:] == (case.trunk.map_side(SIZE),) * 2
    assert_adds_up(case.weights, case.answers)


def test_evidence_is_gradient_times_the_trunks_last_map(case):
    head = case.model.get_layer("flatten")
    if case.trunk.ends_in_pooling:
        pytest.skip("what a last pooling lets through has tests of its own")
    last = keras.Model(case.model.input, head.input)(case.images.astype(np.float32))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(last)
        features = case.model.get_layer("features")(head(last))
        logits = features @ case.weights.classifier[0] + case.weights.classifier[1]
        of_class = [tf.reduce_sum(logits[:, number]) for number in range(4)]
    expected = np.stack([tf.reduce_sum(tape.gradient(one, last) * last, axis=-1) for one in of_class], axis=1)
    np.testing.assert_allclose(case.answers["evidence"], expected, atol=1e-3)


def test_int8_is_near_float32_and_adds_up_too(case):
    if case.trunk.convolutions:
        pytest.skip("a plain chain has a quantiser of its own, and tests of it")
    if TIMES == 1 and case.trunk.name in LARGE:
        pytest.skip("in soak alone")
    answers = run(quantise_trunk(case.graph, case.weights, [case.images[:2], case.images[2:]]), case.images)
    assert_adds_up(case.weights, answers)
    np.testing.assert_array_equal(run(case.graph, case.images)["probabilities"], case.answers["probabilities"])
    error = np.linalg.norm(answers["features"] - case.answers["features"], axis=1)
    assert (error / np.linalg.norm(case.answers["features"], axis=1)).max() < 0.5


def test_averaging_head_and_a_map_of_one_place_add_up():
    case = Case("mobilenetv3small", "gap", 32)
    expected = case.model(case.images.astype(np.float32))
    np.testing.assert_allclose(case.answers["probabilities"], expected, atol=1e-4)
    assert_adds_up(case.weights, case.answers)


@pytest.mark.parametrize("name", TRUNKS)
@pytest.mark.parametrize("size", [32, 33, 63, 150, 200, 224, 300])
def test_values_and_sides_of_the_table_follow_the_image_size(name, size):
    trunk = TRUNKS[name]
    sides = {"vgg16": size // 32, "densenet121": (size + 3) // 4 // 8}
    assert trunk.pooled_side(size) == sides.get(name, (size + 31) // 32)
    assert trunk.activations(2 * 224) == pytest.approx(4 * trunk.activations(224), rel=0.01)
