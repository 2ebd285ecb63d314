"""Augmentation alone: the paper's changes to images that are decoded in memory; images a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from itertools import islice

import numpy as np

from allcore.augment import resize
from allcore.config import TrainConfig, make_config
from benchmarks.claim import OURS, Claim, Material, Measure
from benchmarks.claims.ours import training_batches
from benchmarks.claims.peers import image_data_generator, keras_layers

BATCH = 32
BATCHES = 16
KEPT = BATCH * BATCHES
"""Images that peers hold in memory; they go through all of them in a turn, and prepare nothing for the next."""


def claim(size: int) -> Claim:
    """Return the claim for images of `size` px."""
    goals = {"ImageDataGenerator": 10.0} if size >= 300 else {}
    return Claim(
        work=f"the paper's augmentation alone, {size} px",
        unit="images/s",
        contenders={
            OURS: partial(_ours, size),
            "ALLscope, one thread": partial(_ours_in_one_thread, size),
            "ImageDataGenerator": partial(_image_data_generator, size),
            "tf.data and Keras's layers": partial(_keras_layers, size),
            "torchvision v2": partial(_torchvision, size),
        },
        goals=goals,
        more_is_better=True,
    )


def _config(size: int, material: Material) -> TrainConfig:
    return make_config(dataset=str(material.data), image_size=size, batch_size=BATCH)


def _rate(batches: Iterator[object]) -> float:
    """Return images a second of batches that are begun now; those prepared before a turn would cost nothing."""
    began = time.perf_counter()
    made = sum(1 for _ in islice(batches, BATCHES))
    return made * BATCH / (time.perf_counter() - began)


def _ours(size: int, material: Material) -> Measure:
    source, _ = training_batches(_config(size, material), material)
    list(islice(source.batches(0), 2))
    return lambda: _rate(source.batches(1))


def _ours_in_one_thread(size: int, material: Material) -> Measure:
    source, _ = training_batches(_config(size, material), material)
    source.batch(0, 0)
    return lambda: _rate(source.batch(1, step % max(1, source.steps - 1)) for step in range(BATCHES))


def _decoded(size: int, material: Material) -> np.ndarray:
    source, _ = training_batches(_config(size, material), material)
    rows = np.resize(source.rows, KEPT)
    return np.stack([resize(source.images[row], size) for row in rows])


def _image_data_generator(size: int, material: Material) -> Measure:
    generator = image_data_generator(_config(size, material).augment)
    batches = generator.flow(_decoded(size, material).astype(np.float32), batch_size=BATCH)
    next(batches)
    return lambda: _rate(batches)


def _keras_layers(size: int, material: Material) -> Measure:
    import tensorflow as tf

    change = keras_layers(_config(size, material).augment)
    batches = (
        tf.data.Dataset.from_tensor_slices(_decoded(size, material))
        .batch(BATCH)
        .map(lambda images: change(images, training=True), num_parallel_calls=-1)
        .prefetch(-1)
    )
    next(iter(batches))
    return lambda: _rate(iter(batches))


def _torchvision(size: int, material: Material) -> Measure:
    import torch
    from torchvision.transforms import v2

    augment = _config(size, material).augment
    change = v2.Compose([
        v2.RandomHorizontalFlip(), v2.RandomVerticalFlip(),
        v2.RandomRotation(augment.degrees, interpolation=v2.InterpolationMode.BILINEAR),
        v2.ColorJitter(brightness=augment.brightness),
    ])  # fmt: skip
    images = torch.from_numpy(_decoded(size, material)).permute(0, 3, 1, 2).contiguous()

    class Changed(torch.utils.data.Dataset[torch.Tensor]):
        def __len__(self) -> int:
            return len(images)

        def __getitem__(self, number: int) -> torch.Tensor:
            changed: torch.Tensor = change(images[number])
            return changed

    loader = torch.utils.data.DataLoader(
        Changed(), BATCH, num_workers=torch.get_num_threads(), persistent_workers=True, prefetch_factor=2
    )

    _rate(iter(loader))  # starts its processes
    return lambda: _rate(iter(loader))
