"""Training steps of ALLscope against the same network under plain `model.fit` with Keras's defaults, in turn.

    python -m benchmarks.training_speed --data DIR [--image-size 96] [--rounds 3] [--steps 8]

Plain: float32, jit_compile="auto", images ready in memory, no augmentation. ALLscope: this machine's hardware plan,
images augmented on the way. The ratio is taken round by round.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from allcore.augment import resize
from allcore.config import TrainConfig, make_config
from allcore.data.cache import decoded_images
from allcore.data.catalog import scan
from allcore.data.split import make_split
from allcore.hardware import make_plan
from allcore.model.build import build_network
from allcore.training.batches import BatchSource
from allcore.training.hardware import tensorflow_devices
from allcore.training.learner import Learner


def main() -> None:
    """Measure both and print a row a round, then the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="dataset folder")
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8, help="steps a round")
    options = parser.parse_args()

    config = make_config(dataset=str(options.data), image_size=options.image_size, weights="random")
    with tempfile.TemporaryDirectory() as folder:
        source = _source(config, Path(folder))
        plain = _plain(config, source, options.steps)
        ours = _ours(config, source, options.steps)
        plan = make_plan(config, 4, tensorflow_devices())
        print(f"{plan.description}; batch {config.batch_size}, {config.image_size} px, {options.steps} steps a round")
        print(f"{'plain fit':>12} {'ALLscope':>12} {'ratio':>7}   images/s")
        ratios = []
        for _ in range(options.rounds):
            plain_rate, our_rate = plain(), ours()
            ratios.append(our_rate / plain_rate)
            print(f"{plain_rate:12.1f} {our_rate:12.1f} {ratios[-1]:7.2f}")
    print(f"median ratio {statistics.median(ratios):.2f}")


def _source(config: TrainConfig, cache: Path) -> BatchSource:
    catalog = scan(Path(config.dataset))
    rows = catalog.trainable_images()
    split = make_split(rows, config.split)
    images = decoded_images(catalog.root, rows, cache)
    return BatchSource(images, split.labels(), split.rows("train"), config, augmented=True)


def _plain(config: TrainConfig, source: BatchSource, steps: int) -> Callable[[], float]:
    """Return a function that takes `steps` steps with `model.fit` and returns images a second."""
    keras.config.set_dtype_policy("float32")
    model = build_network(config, 4)
    model.compile(keras.optimizers.Adam(config.learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    rows = source.rows[: steps * config.batch_size]
    images = np.stack([resize(source.images[row], config.image_size) for row in rows]).astype(np.float32)
    labels = source.labels[rows]

    def measure() -> float:
        began = time.perf_counter()
        model.fit(images, labels, batch_size=config.batch_size, epochs=1, verbose=0)
        return len(rows) / (time.perf_counter() - began)

    measure()  # compiles
    return measure


def _ours(config: TrainConfig, source: BatchSource, steps: int) -> Callable[[], float]:
    """Return a function that takes `steps` of ALLscope's steps and returns images a second."""
    learner = Learner(config, make_plan(config, 4, tensorflow_devices()), 4)

    def measure() -> float:
        began = time.perf_counter()
        seen = 0
        batches = source.batches(epoch=0)
        for _ in range(steps):
            batch = next(batches)
            learner.train_batch(batch)
            seen += len(batch.labels)
        rate = seen / (time.perf_counter() - began)
        batches.close()
        return rate

    measure()  # traces
    return measure


if __name__ == "__main__":
    main()
