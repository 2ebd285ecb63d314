"""A step is the same however it is divided: into micro-batches, or among devices."""

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from allcore.config import make_config
from allcore.hardware import Devices, plan_hardware
from allcore.installation import PROJECT
from allcore.training.batches import Batch
from allcore.training.learner import Learner, balanced_class_weights
from allcore.training.tensorflow_devices import tensorflow_devices

CPU = Devices(cores=2, cpu_bfloat16=False, memory=8 * 2**30)


@pytest.fixture(autouse=True)
def float32_afterwards():
    yield
    keras.config.set_dtype_policy("float32")


def make_learner(class_weights=None, devices=CPU, jit=False, **fields):
    settings = {"image_size": 32, "head": "gap", "dense_units": 8, "dropout": 0.0, "batch_size": 6}
    config = make_config(dataset="smears", **{**settings, "optimizer": "sgd", "learning_rate": 0.01, **fields})
    return Learner(config, replace(plan_hardware(config, 4, devices), jit=jit), 4, class_weights)


def tiny_network(config, classes):
    """Return a network that is compiled in no time: what is tested is how batches come to it."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((config.image_size, config.image_size, 3)),
            layers.Rescaling(1 / 255),
            layers.AveragePooling2D(8),
            layers.Flatten(),
            layers.Dropout(config.dropout),
            layers.Dense(classes, "softmax", dtype="float32"),
        ]
    )


@pytest.fixture
def tiny(monkeypatch):
    """Let learners train the network that is compiled in no time."""
    monkeypatch.setattr("allcore.training.learner.build_network", tiny_network)


def make_batch(count=6, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)
    return Batch(images, rng.integers(0, 4, count), np.arange(count))


def weights_after(learner, batch):
    loss, correct = learner.train_batch(batch)
    return loss, correct, [variable.numpy() for variable in learner.model.trainable_variables]


@pytest.mark.parametrize("micro", [1, 4])
def test_micro_batches_take_the_same_step(micro, tiny):
    whole = weights_after(make_learner(), make_batch())
    divided = weights_after(make_learner(micro_batch_size=micro), make_batch())
    assert divided[0] == pytest.approx(whole[0], rel=1e-5)
    assert divided[1] == whole[1]
    for a, b in zip(whole[2], divided[2], strict=True):
        np.testing.assert_allclose(b, a, atol=1e-6)


def test_compiled_step_is_compiled_once_and_a_short_batch_takes_the_same(tiny):
    plain, compiled = make_learner(), make_learner(jit=True)
    for batch in (make_batch(), make_batch(4, seed=1)):
        expected, found = weights_after(plain, batch), weights_after(compiled, batch)
        assert found[0] == pytest.approx(expected[0], rel=1e-4)
        assert found[1] == expected[1]
        for a, b in zip(expected[2], found[2], strict=True):
            np.testing.assert_allclose(b, a, atol=1e-5)
        assert compiled.score_batch(batch) == pytest.approx(plain.score_batch(batch), rel=1e-4)
    assert compiled._gradients.experimental_get_tracing_count() == 1
    assert compiled._score.experimental_get_tracing_count() == 1


def test_a_step_fits_the_share_of_memory_that_a_run_has_of_a_processor(monkeypatch):
    monkeypatch.setattr("allcore.training.tensorflow_devices.available_memory", lambda: 8 * 2**30)
    config = make_config(dataset="smears", device="cpu", precision="float32")
    for slots, images in (("1", 16), ("2", 8)):
        monkeypatch.setenv("ALLCORE_CPU_SLOTS", slots)
        assert plan_hardware(config, 4, tensorflow_devices()).micro_batch_size == images


def test_loss_is_the_mean_cross_entropy():
    learner, batch = make_learner(), make_batch()
    probabilities = learner.model(batch.images.astype(np.float32)).numpy()
    expected = -np.log(probabilities[np.arange(6), batch.labels]).mean()
    assert learner.score_batch(batch)[0] == pytest.approx(expected, rel=1e-4)


def test_class_weights_weigh_the_loss(tiny):
    batch = make_batch()
    weights = np.array([3.0, 0.5, 1.0, 2.0], np.float32)
    learner = make_learner(class_weights=weights)
    probabilities = learner.model(batch.images.astype(np.float32)).numpy()
    losses = -np.log(probabilities[np.arange(6), batch.labels])
    assert learner.score_batch(batch)[0] == pytest.approx((weights[batch.labels] * losses).mean(), rel=1e-4)


def test_dropout_is_in_training_alone(tiny):
    learner, batch = make_learner(dropout=0.9, learning_rate=1e-9), make_batch()
    probabilities = learner.model(batch.images.astype(np.float32), training=False).numpy()
    without = -np.log(probabilities[np.arange(6), batch.labels]).mean()
    assert [learner.score_batch(batch)[0] for _ in range(2)] == pytest.approx([without] * 2, rel=1e-4)
    trained = [learner.train_batch(batch)[0] for _ in range(3)]
    assert len({round(loss, 4) for loss in [without, *trained]}) == 4
    assert learner.score_batch(batch)[0] == pytest.approx(without, rel=1e-4)


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD"])
def test_optimizer_is_the_one_that_was_asked_for(tiny, name):
    optimizer = make_learner(optimizer=name.lower(), learning_rate=0.02, clip_norm=0.5).optimizer
    assert type(optimizer) is getattr(keras.optimizers, name)
    assert optimizer.global_clipnorm == 0.5
    assert float(optimizer.learning_rate) == pytest.approx(0.02)
    assert make_learner(optimizer=name.lower()).optimizer.global_clipnorm is None


def test_sgd_has_momentum(tiny):
    """A second step of a gradient that stays the same is 1.9 times as long as the first."""
    learner, batch = make_learner(learning_rate=1e-6), make_batch()
    places = [learner.model.get_weights()]
    for _ in range(2):
        learner.train_batch(batch)
        places.append(learner.model.get_weights())
    first, second = (distance(*pair) for pair in pairwise(places))
    assert second == pytest.approx(1.9 * first, rel=0.02)


def test_a_clipped_step_is_no_longer_than_the_norm_allows(tiny):
    moved = []
    for clip_norm in (None, 1e-3):
        learner = make_learner(learning_rate=1.0, clip_norm=clip_norm)
        before = learner.model.get_weights()
        learner.train_batch(make_batch())
        moved.append(distance(before, learner.model.get_weights()))
    assert moved[0] > 0.01
    assert moved[1] == pytest.approx(1e-3, rel=1e-2)


def distance(before, after):
    """Return how far all weights together have moved."""
    return np.sqrt(sum(((b - a) ** 2).sum() for a, b in zip(before, after, strict=True)))


def test_balanced_class_weights_let_every_class_count_alike():
    labels = np.repeat([0, 1, 2], [1, 4, 5])
    weights = balanced_class_weights(labels, 3)
    np.testing.assert_allclose([weights[c] * (labels == c).sum() for c in range(3)], 10 / 3, rtol=1e-6)


def test_training_lowers_the_loss_and_a_frozen_block_stays_as_it_was():
    learner = make_learner(optimizer="adam", learning_rate=1e-3, trainable_from="block4_conv3")
    frozen, batch = learner.model.get_layer("block5_conv1"), make_batch()
    before, loss_before = frozen.get_weights(), learner.score_batch(batch)[0]
    for _ in range(10):
        learner.train_batch(batch)
    assert learner.score_batch(batch)[0] < 0.8 * loss_before
    for found, wanted in zip(frozen.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_float16_scales_its_loss_and_still_learns(tiny):
    # a processor takes half a minute for a step of six images and all convolutions in float16
    learner = make_learner(precision="mixed_float16", optimizer="adam", learning_rate=1e-3)
    batch = make_batch(2)
    assert isinstance(learner.optimizer, keras.optimizers.LossScaleOptimizer)
    losses = [learner.train_batch(batch)[0] for _ in range(3)]
    assert losses[-1] < losses[0]


def test_softmax_stays_in_float32_under_mixed_precision():
    assert make_learner(precision="mixed_bfloat16").model.output.dtype == "float32"


@pytest.mark.parametrize(("names", "expected"), [(["GPU:0"], 5), (["GPU:0", "GPU:1"], 7), ([], 0)])
def test_memory_on_gpus_is_the_most_that_a_step_took_and_not_what_is_left_after_it(tiny, monkeypatch, names, expected):
    learner, taken = make_learner(), {"GPU:0": {"current": 1, "peak": 5}, "GPU:1": {"current": 2, "peak": 7}}
    learner._plan = replace(learner._plan, kind="gpu")
    monkeypatch.setattr("tensorflow.config.list_logical_devices", lambda kind: [SimpleNamespace(name=n) for n in names])
    monkeypatch.setattr("tensorflow.config.experimental.get_memory_info", taken.__getitem__)
    assert learner.memory_bytes() == expected


TWO_DEVICES = """
import numpy as np, tensorflow as tf
from dataclasses import replace
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 3)
from allcore.config import make_config
from allcore.training.batches import Batch
from allcore.hardware import Devices, plan_hardware
from allcore.training import learner as module
from allcore.training.learner import Learner
from tests.training.test_learner import tiny_network
module.build_network = tiny_network  # what is tested is how batches are divided
config = make_config(dataset="smears", image_size=32, head="gap", dense_units=8, dropout=0.0, batch_size=6,
                     learning_rate=0.01, optimizer="sgd")
one = plan_hardware(config, 4, Devices(cores=2, cpu_bfloat16=False, memory=2**33))
rng = np.random.default_rng(0)
batch = Batch(rng.integers(0, 256, (5, 32, 32, 3)).astype(np.uint8), rng.integers(0, 4, 5), np.arange(5))
"""

SAME_CURVE = """
answers = []
for plan in (one, replace(one, replicas=2, micro_batch_size=3), replace(one, replicas=2, micro_batch_size=1)):
    learner = Learner(config, plan, 4)
    scored = learner.score_batch(batch)
    trained = [learner.train_batch(batch) for _ in range(3)]  # the loss's curve, through the weights of each step
    answers.append((scored, trained, [v.numpy() for v in learner.model.trainable_variables]))
for other in answers[1:]:
    np.testing.assert_allclose(other[0], answers[0][0], rtol=1e-5)
    np.testing.assert_allclose(other[1], answers[0][1], rtol=1e-5)
    for a, b in zip(answers[0][2], other[2], strict=True):
        np.testing.assert_allclose(b, a, atol=1e-6)
print("replicas", learner._strategy.num_replicas_in_sync)
"""

OVERFLOW = """
class Overflowing(Learner):
    overflows = tf.constant([1.0, np.inf])
    def _replica_gradients(self, *part):
        loss, correct, gradients = super()._replica_gradients(*part)
        factor = self.overflows[tf.distribute.get_replica_context().replica_id_in_sync_group]
        return loss, correct, [gradient * factor for gradient in gradients]

def state(learner):
    # the weights on each device, and the scale of the loss
    weights = [learner._strategy.experimental_local_results(v.value) for v in learner.model.trainable_variables]
    return [v.numpy() for each in weights for v in each], float(learner.optimizer.dynamic_scale.numpy())

plan = replace(one, replicas=2, micro_batch_size=3, precision="mixed_float16")
learner = Overflowing(config, plan, 4)
before, scale = state(learner)
for divided in (2, 4):
    learner.train_batch(batch)
    weights, found = state(learner)
    for a, b in zip(before, weights, strict=True):
        np.testing.assert_array_equal(b, a)
    assert found == scale / divided, (found, scale)
learner = Learner(config, plan, 4)
learner.train_batch(batch)
weights, found = state(learner)  # where nothing overflows, the step is taken
assert found == scale and any((a != b).any() for a, b in zip(before, weights, strict=True))
"""


def run_on_two_devices(program):
    """Run a program for two of three logical CPU devices; on GPUs this is untested."""
    command = [sys.executable, "-c", TWO_DEVICES + program]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_two_devices_give_the_same_curve_as_one():
    """With an odd batch that needs padding."""
    assert "replicas 2" in run_on_two_devices(SAME_CURVE)


def test_a_step_that_overflows_on_the_second_device_alone_is_skipped_by_both():
    run_on_two_devices(OVERFLOW)
