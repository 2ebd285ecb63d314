"""How far the training pipeline of a preset is ahead of the network that it feeds.

    python -m benchmarks.pipeline_speed --data DIR [--preset cells] [--image-size 96] [--rounds 3] [--steps 12]

Pipeline: augmented batches as training makes them, in threads, with nobody training. Network: training steps on
batches that are ready in memory. The two take turns on the same machine, and the ratio is taken round by round; both
have the machine for themselves, so take it on a quiet one. Decoded images and found cells come from the workspace's
cache and are not timed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from allcore.cells.maps import cell_maps
from allcore.config import TrainConfig, make_config
from allcore.data.catalog import scan
from allcore.data.decoded import decoded_images
from allcore.data.splits.split import make_split
from allcore.hardware import plan_hardware, set_before_tensorflow
from allcore.presets import PRESETS
from allcore.processors import processors
from allcore.text import counted
from allcore.training.batches import Batch, BatchSource
from allcore.workspace import open_workspace

if TYPE_CHECKING:
    from allcore.training.learner import Learner


def main() -> None:
    """Print images a second of both and their ratio, a row a round, then the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="dataset folder")
    parser.add_argument("--preset", default="cells", choices=PRESETS)
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=12, help="steps a round")
    options = parser.parse_args()

    fields = {**PRESETS[options.preset], "image_size": options.image_size, "weights": "random"}
    set_before_tensorflow()
    from allcore.training.learner import Learner
    from allcore.training.tensorflow_devices import tensorflow_devices

    config = make_config(dataset=str(options.data), **fields)
    source, classes = _source(config)
    plan = plan_hardware(config, classes, tensorflow_devices())
    learner = Learner(config, plan, classes)
    ready = list(islice(source.batches(epoch=0), options.steps))
    learner.train_batch(ready[0])  # traces
    print(f"{plan.description}; {options.preset}, {config.image_size} px, batch {config.batch_size}")
    print(f"{options.steps} steps a round, {counted(processors(), 'core')}, load {os.getloadavg()[0]:.1f}")
    print(f"{'pipeline':>10}{'network':>10}{'ratio':>8}   images/s")
    ratios = []
    for number in range(options.rounds):
        made, learned = _pipeline(source, options.steps, number + 1), _network(learner, ready)
        ratios.append(made / learned)
        print(f"{made:10.1f}{learned:10.1f}{ratios[-1]:8.2f}")
    print(f"median ratio {statistics.median(ratios):.2f}")


def _source(config: TrainConfig) -> tuple[BatchSource, int]:
    """Return the augmented training batches of a configuration, and the number of classes."""
    cache = open_workspace().cache
    catalog = scan(Path(config.dataset), cache)
    rows = catalog.trainable_images()
    split = make_split(rows, config.split)
    images = decoded_images(catalog.root, rows, cache)
    cells = cell_maps(images, list(rows["pixel_sha256"]), cache) if config.augment.changes_fields else None
    source = BatchSource(images, split.labels(), split.rows("train"), config, augmented=True, cells=cells)
    return source, len(split.classes)


def _pipeline(source: BatchSource, steps: int, epoch: int) -> float:
    """Return images a second of batches that are made and thrown away."""
    began, seen = time.perf_counter(), 0
    batches = source.batches(epoch)
    for batch in islice(batches, steps):
        seen += len(batch.labels)
    rate = seen / (time.perf_counter() - began)
    batches.close()
    return rate


def _network(learner: Learner, ready: list[Batch]) -> float:
    """Return images a second of training steps whose batches are ready."""
    began = time.perf_counter()
    for batch in ready:
        learner.train_batch(batch)
    return sum(len(batch.labels) for batch in ready) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
