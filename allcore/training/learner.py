"""The learner: a model, its optimizer, and one step of each, on one device or several."""

from __future__ import annotations

import keras
import numpy as np
import psutil
import tensorflow as tf

from allcore.config import TrainConfig
from allcore.hardware import HardwarePlan
from allcore.model.build import build_network
from allcore.model.kernel_gradients import use_matrix_products
from allcore.training.batches import Batch


class Learner:
    """Trains a network as a hardware plan says.

    A batch is divided among the replicas, and each part into micro-batches whose gradients are summed, so that the
    step is the same whatever the division; a trunk that normalises batches takes the statistics of each part. Padding
    that makes parts equal has weight 0; a compiled step has every part of one size, since each size is compiled by
    itself, which takes a GPU longer than many steps.
    """

    def __init__(
        self, config: TrainConfig, plan: HardwarePlan, classes: int, class_weights: np.ndarray | None = None
    ) -> None:
        keras.utils.set_random_seed(config.seed)
        keras.config.set_dtype_policy(plan.precision)
        self._plan = plan
        self._pads_training = plan.jit and not config.trunk.batch_normalised
        self._class_weights = np.ones(classes, np.float32) if class_weights is None else class_weights
        self._strategy = _strategy(plan)
        with self._strategy.scope():
            self.model = build_network(config, classes)
            if plan.kernel_products:
                use_matrix_products(self.model)
            self.optimizer = _optimizer(config, plan)
            self.optimizer.build(self.model.trainable_variables)
        self._gradients = tf.function(self._replica_gradients, jit_compile=plan.jit)
        self._apply = tf.function(self._replica_apply)
        self._score = tf.function(self._replica_score, jit_compile=plan.jit)

    def train_batch(self, batch: Batch) -> tuple[float, float]:
        """Take one optimizer step and return the batch's mean loss and how many of its images were right."""
        total: list[tf.Tensor] | None = None
        loss = correct = 0.0
        for part in self._divide(batch, whole=self._pads_training):
            part_loss, part_correct, gradients = self._strategy.run(self._gradients, args=part)
            total = gradients if total is None else self._strategy.run(_sum_pairs, args=(total, gradients))
            loss += self._total(part_loss)
            correct += self._total(part_correct)
        self._strategy.run(self._apply, args=(total,))
        return loss, correct

    def score_batch(self, batch: Batch) -> tuple[float, float]:
        """Return the mean loss on a batch and how many of its images are right, without training."""
        loss = correct = 0.0
        for part in self._divide(batch, whole=self._plan.jit):
            part_loss, part_correct = self._strategy.run(self._score, args=part)
            loss += self._total(part_loss)
            correct += self._total(part_correct)
        return loss, correct

    def set_learning_rate(self, value: float) -> None:
        """Set the optimizer's step size."""
        self.optimizer.learning_rate = value

    def learning_rate(self) -> float:
        """Return the optimizer's step size."""
        return float(keras.ops.convert_to_numpy(self.optimizer.learning_rate))

    def memory_bytes(self) -> int:
        """Return the most that a GPU had in use so far, 0 where none is seen; on a CPU what this process has now."""
        if self._plan.kind == "cpu":
            return int(psutil.Process().memory_info().rss)
        gpus = tf.config.list_logical_devices("GPU")
        return max((int(tf.config.experimental.get_memory_info(gpu.name)["peak"]) for gpu in gpus), default=0)

    def _divide(self, batch: Batch, *, whole: bool) -> list[tuple[tf.Tensor, ...]]:
        """Return the micro-batches as (images, labels, weights), each with one part a replica.

        Where `whole`, the last one is padded to the size of the others.
        """
        count, replicas = len(batch.labels), self._plan.replicas
        at_once = self._plan.micro_batch_size * replicas
        weights = (self._class_weights[batch.labels] / count).astype(np.float32)
        parts = []
        for start in range(0, count, at_once):
            chunk = slice(start, min(start + at_once, count))
            padding = start + at_once - chunk.stop if whole else -(chunk.stop - start) % replicas
            part = _padded(batch.images[chunk], batch.labels[chunk], weights[chunk], padding)
            parts.append(self._distribute(*part))
        return parts

    def _distribute(self, *arrays: np.ndarray) -> tuple[tf.Tensor, ...]:
        replicas = self._plan.replicas
        if replicas == 1:
            return tuple(tf.constant(array) for array in arrays)
        shares = [np.split(array, replicas) for array in arrays]

        def value(share: list[np.ndarray]) -> tf.Tensor:
            return self._strategy.experimental_distribute_values_from_function(
                lambda context: tf.constant(share[context.replica_id_in_sync_group])
            )

        return tuple(value(share) for share in shares)

    def _total(self, value: tf.Tensor) -> float:
        return float(self._strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None))

    def _replica_gradients(
        self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            loss, correct = self._loss(images, labels, weights, training=True)
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [variable.value for variable in self.model.trainable_variables])
        return loss, correct, gradients

    def _replica_apply(self, gradients: list[tf.Tensor]) -> None:
        if self._plan.replicas > 1 and self._plan.precision == "mixed_float16":
            gradients = _none_where_any_overflowed(gradients)
        self.optimizer.apply(gradients, self.model.trainable_variables)

    def _replica_score(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return self._loss(images, labels, weights, training=False)

    def _loss(
        self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, *, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the weighted sum of cross-entropies and the number of right images that count."""
        probabilities = self.model(tf.cast(images, tf.float32), training=training)
        losses = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
        right = tf.cast(tf.argmax(probabilities, axis=1) == labels, tf.float32)
        return tf.reduce_sum(weights * losses), tf.reduce_sum(right * tf.cast(weights > 0.0, tf.float32))


def balanced_class_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return weights (classes,), float32, that let every class count alike: images / (classes × class count)."""
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (classes * counts)).astype(np.float32)


def _padded(
    images: np.ndarray, labels: np.ndarray, weights: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a micro-batch with the last image added some times, with weight 0."""
    if count == 0:
        return images, labels, weights
    return (
        np.concatenate([images, np.repeat(images[-1:], count, axis=0)]),
        np.concatenate([labels, np.repeat(labels[-1:], count)]),
        np.concatenate([weights, np.zeros(count, weights.dtype)]),
    )


def _sum_pairs(first: list[tf.Tensor], second: list[tf.Tensor]) -> list[tf.Tensor]:
    return [a + b for a, b in zip(first, second, strict=True)]


def _strategy(plan: HardwarePlan) -> tf.distribute.Strategy:
    """Return how steps are divided among the plan's devices: the first of those that TensorFlow sees, no others."""
    if plan.replicas == 1:
        return tf.distribute.get_strategy()
    devices = tf.config.list_logical_devices(plan.kind.upper())[: plan.replicas]
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def _none_where_any_overflowed(gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Return a replica's gradients, NaN where any replica's are not all finite, so that all of them skip the step.

    Keras's `LossScaleOptimizer` looks at those of the first replica alone.
    """
    finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients])
    here = tf.cast(tf.logical_not(finite), tf.float32)
    overflowed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, here) > 0
    return [tf.where(overflowed, tf.constant(np.nan, gradient.dtype), gradient) for gradient in gradients]


def _optimizer(config: TrainConfig, plan: HardwarePlan) -> keras.Optimizer:
    common = {"learning_rate": config.learning_rate, "global_clipnorm": config.clip_norm}
    optimizer: keras.Optimizer
    if config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(**common)
    elif config.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(**common)
    else:
        optimizer = keras.optimizers.SGD(momentum=0.9, **common)
    return keras.optimizers.LossScaleOptimizer(optimizer) if plan.precision == "mixed_float16" else optimizer
