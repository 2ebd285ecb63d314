"""What a training step makes of the processor, and what an epoch adds to its steps."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from allcore.config import TrainConfig, make_config
from allcore.hardware import cpu_is_faster_in_bfloat16, plan_hardware, set_before_tensorflow
from allcore.networks.vgg16 import CONVOLUTIONS
from benchmarks.claim import OURS, Claim, Material, Measure
from benchmarks.claims.ours import training_sources

if TYPE_CHECKING:
    from allcore.training.batches import Batch, BatchSource
    from allcore.training.learner import Learner

BATCH = 32
STEPS = {96: 8, 150: 4, 300: 2}
PRODUCTS = "plain matrix products of the same shapes and precision"
STEPS_ALONE = "the training steps alone, batches in memory"
BOTH_STEPS = "training and validation steps, batches in memory"
VALIDATION, CHECKPOINT, RESULTS = "its validation", "its checkpoint and kept weights", "results after the last epoch"
DENSE = 1024
_MOST_ROWS = 1 << 16
"""Of a longer matrix so many rows are multiplied, and count for all: more are no faster and take gigabytes."""


class Product(NamedTuple):
    """A matrix product (rows, inner) × (inner, columns)."""

    rows: int
    inner: int
    columns: int

    @property
    def operations(self) -> float:
        """Multiplications and additions."""
        return 2.0 * self.rows * self.inner * self.columns

    @property
    def part(self) -> Product:
        """What of it is multiplied: the longer of its long sides cut."""
        return Product(min(self.rows, _MOST_ROWS), min(self.inner, _MOST_ROWS), self.columns)


def arithmetic(size: int) -> Claim:
    """Return the claim for how much arithmetic a step of `size` px does a second."""
    return Claim(
        work=f"arithmetic of a training step at {size} px, batches of {BATCH}, in memory",
        unit="GFLOP/s",
        contenders={OURS: partial(_arithmetic, size), PRODUCTS: partial(_plain_products, size)},
        goals={PRODUCTS: 0.8},
        more_is_better=True,
        rounds=5,
    )


def epoch(size: int) -> Claim:
    """Return the claim for an epoch as it is trained, against its training steps.

    What else it consists of is told: the validation's steps, which no program that validates can avoid, and its parts;
    batches and reports are the rest of it. Results come after the last epoch.
    """
    return Claim(
        work=f"an epoch at {size} px, validation, reports and checkpoint included",
        unit="s",
        contenders={
            OURS: partial(_epoch, size),
            STEPS_ALONE: partial(_steps_alone, size),
            BOTH_STEPS: partial(_both_steps, size),
            VALIDATION: partial(_validation, size),
            CHECKPOINT: partial(_checkpoint, size),
            RESULTS: partial(_results, size),
        },
        goals={STEPS_ALONE: 1.03},
        rounds=3,
    )


def step_products(size: int, batch: int = BATCH) -> list[Product]:
    """Return the matrix products of a training step: of each layer forwards, and back to its input and its kernel.

    The fifth block learns nothing, so that nothing goes back to its kernels; nothing goes back to the image.
    """
    products = []
    for convolution in CONVOLUTIONS:
        places = batch * (size // 2 ** (convolution.block - 1)) ** 2
        entries, outputs = 9 * convolution.inputs, convolution.outputs
        products.append(Product(places, entries, outputs))
        if convolution is not CONVOLUTIONS[0]:
            products.append(Product(places, 9 * outputs, convolution.inputs))
        if convolution.block < 5:
            products.append(Product(entries, places, outputs))
    pooled = (size // 32) ** 2 * CONVOLUTIONS[-1].outputs
    return [
        *products, Product(batch, pooled, DENSE), Product(batch, DENSE, pooled), Product(pooled, batch, DENSE),
    ]  # fmt: skip


def _config(size: int, material: Material) -> TrainConfig:
    return make_config(dataset=str(material.data), image_size=size, batch_size=BATCH, weights="random", epochs=1)


def _made(config: TrainConfig, material: Material) -> tuple[Learner, BatchSource, BatchSource]:
    """Return a learner that has compiled its steps, and the batches to train on and to validate with."""
    set_before_tensorflow()
    from allcore.training.learner import Learner
    from allcore.training.step_cost import compile_steps
    from allcore.training.tensorflow_devices import tensorflow_devices

    train, validation, split = training_sources(config, material)
    learner = Learner(config, plan_hardware(config, len(split.classes), tensorflow_devices()), len(split.classes))
    compile_steps(learner, train, validation)
    return learner, train, validation


def _arithmetic(size: int, material: Material) -> Measure:
    learner, train, _ = _made(_config(size, material), material)
    ready = next(train.batches(0))
    operations = sum(product.operations for product in step_products(size, len(ready.labels)))
    return lambda: operations / 1e9 / _seconds_of_each(STEPS[size], lambda: learner.train_batch(ready))


def _plain_products(size: int, material: Material) -> Measure:
    set_before_tensorflow()
    import tensorflow as tf

    del material
    wanted = step_products(size)
    number = tf.bfloat16 if cpu_is_faster_in_bfloat16() else tf.float32
    multiply = tf.function(tf.matmul)

    def seconds(product: Product) -> float:
        part = product.part
        first = tf.cast(tf.random.normal((part.rows, part.inner)), number)
        second = tf.cast(tf.random.normal((part.inner, part.columns)), number)

        def work() -> None:
            multiply(first, second)
            tf.test.experimental.sync_devices()

        work()  # traces
        return _seconds_of_each(1, work) * product.operations / part.operations

    def measure() -> float:
        return sum(each.operations for each in wanted) / 1e9 / sum(map(seconds, wanted))

    return measure


def _seconds_of_each(times: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def _epoch(size: int, material: Material) -> Measure:
    from allcore.runs.folder.store import RunStore
    from allcore.training.loop import Trainer
    from allcore.training.reporter import Reporter
    from allcore.training.tensorflow_devices import tensorflow_devices

    config = _config(size, material)
    learner, train, validation = _made(config, material)
    _, _, split = training_sources(config, material)
    plan = plan_hardware(config, len(split.classes), tensorflow_devices())
    store = RunStore(material.scratch / "epochs")

    def measure() -> float:
        run = store.create(config, split)
        reporter = Reporter(run.folder, run.status())
        trainer = Trainer(
            config, plan, learner, train, validation, run.folder, reporter,
            stop_requested=lambda: False, after_seconds=lambda images_per_second: 0.0,
        )  # fmt: skip
        seconds = _seconds_of_each(1, trainer.run)
        reporter.close()
        shutil.rmtree(run.folder)
        return seconds

    return measure


def _steps_alone(size: int, material: Material) -> Measure:
    learner, train, _ = _made(_config(size, material), material)
    return _in_memory((learner.train_batch, train))


def _both_steps(size: int, material: Material) -> Measure:
    learner, train, validation = _made(_config(size, material), material)
    return _in_memory((learner.train_batch, train), (learner.score_batch, validation))


def _in_memory(*passes: tuple[Callable[[Batch], object], BatchSource]) -> Measure:
    """Return the seconds of steps on the batches of their sources, all of which are made before."""
    made = [(step, list(islice(source.batches(0), source.steps))) for step, source in passes]

    def steps() -> None:
        for step, batches in made:
            for batch in batches:
                step(batch)

    return lambda: _seconds_of_each(1, steps)


def _validation(size: int, material: Material) -> Measure:
    learner, _, validation = _made(_config(size, material), material)

    def validate() -> None:
        for batch in validation.batches(0):
            learner.score_batch(batch)

    return lambda: _seconds_of_each(1, validate)


def _checkpoint(size: int, material: Material) -> Measure:
    from allcore.training.checkpoint import TrainingProgress, save_checkpoint
    from allcore.training.epoch_weights import save_epoch_weights

    learner, train, _ = _made(_config(size, material), material)
    learner.train_batch(next(train.batches(0)))  # so that the optimiser has what it keeps
    folder = material.scratch / "checkpoints"

    def save() -> None:
        save_epoch_weights(folder, learner.model, 0)
        save_checkpoint(folder, learner.model, learner.optimizer, TrainingProgress())

    def measure() -> float:
        shutil.rmtree(folder, ignore_errors=True)
        return _seconds_of_each(1, save)

    return measure


def _results(size: int, material: Material) -> Measure:
    from allcore.training.finish import TrainedRun, write_results

    config = _config(size, material)
    learner, train, _ = _made(config, material)
    _, _, split = training_sources(config, material)
    folder = material.scratch / "results"
    folder.mkdir(exist_ok=True)
    run = TrainedRun(folder, config, split, train.images, "")
    return lambda: _seconds_of_each(1, lambda: write_results(run, learner.model, lambda _: None))
