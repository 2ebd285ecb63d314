"""Augmentation alone: a preset's changes to images that are decoded in memory; images a second."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sized
from functools import partial
from itertools import islice

import numpy as np

from allcore.augment import resize
from allcore.config import TrainConfig, make_config
from allcore.presets import PRESETS
from benchmarks.claim import OURS, Claim, Material, Measure
from benchmarks.claims.ours import training_batches
from benchmarks.claims.peers import image_data_generator, keras_layers, torchvision_changes

BATCH = 32
BATCHES = 16
KEPT = BATCH * BATCHES
"""Images that peers hold in memory; they go through all of them in a turn, and prepare nothing for the next."""


def claim(size: int, preset: str = "paper") -> Claim:
    """Return the claim for images of `size` px, changed as the preset says.

    Peers make those changes that they have; their names say which they lack.
    """
    lacks = {"ImageDataGenerator": "", "tf.data and Keras's layers": "", "torchvision v2": ""}
    if preset == "cells":
        lacks = {peer: ", hue for stain, without recolouring and fields" for peer in lacks}
        lacks["ImageDataGenerator"] = ", without stain, grey, recolouring and fields"
    generator, layers, transforms = (peer + lack for peer, lack in lacks.items())
    return Claim(
        work=f"augmentation alone, preset {preset}, {size} px",
        unit="images/s",
        contenders={
            OURS: partial(_ours, size, preset),
            "ALLscope, one thread": partial(_ours_in_one_thread, size, preset),
            generator: partial(_image_data_generator, size, preset),
            layers: partial(_keras_layers, size, preset),
            transforms: partial(_torchvision, size, preset),
        },
        goals={generator: 10.0} if size >= 300 else {},
        more_is_better=True,
    )


def _config(size: int, preset: str, material: Material) -> TrainConfig:
    fields = {**PRESETS[preset], "image_size": size, "batch_size": BATCH}
    return make_config(dataset=str(material.data), **fields)


def _rate(batches: Iterator[Sized]) -> float:
    """Return images a second of batches that are begun now; those prepared before a turn would cost nothing."""
    began = time.perf_counter()
    made = sum(map(len, islice(batches, BATCHES)))
    return made / (time.perf_counter() - began)


def _ours(size: int, preset: str, material: Material) -> Measure:
    source, _ = training_batches(_config(size, preset, material), material)
    list(islice(source.batches(0), 2))
    return lambda: _rate(batch.labels for batch in source.batches(1))


def _ours_in_one_thread(size: int, preset: str, material: Material) -> Measure:
    source, _ = training_batches(_config(size, preset, material), material)
    source.batch(0, 0)
    return lambda: _rate(source.batch(1, step % source.steps).labels for step in range(BATCHES))


def _decoded(size: int, preset: str, material: Material) -> np.ndarray:
    source, _ = training_batches(_config(size, preset, material), material)
    rows = np.resize(source.rows, KEPT)
    return np.stack([resize(source.images[row], size) for row in rows])


def _image_data_generator(size: int, preset: str, material: Material) -> Measure:
    generator = image_data_generator(_config(size, preset, material).augment)
    batches = generator.flow(_decoded(size, preset, material).astype(np.float32), batch_size=BATCH)
    next(batches)
    return lambda: _rate(batches)


def _keras_layers(size: int, preset: str, material: Material) -> Measure:
    import tensorflow as tf

    change = keras_layers(_config(size, preset, material).augment)
    batches = (
        tf.data.Dataset.from_tensor_slices(_decoded(size, preset, material))
        .batch(BATCH)
        .map(lambda images: change(images, training=True), num_parallel_calls=-1)
        .prefetch(-1)
    )
    next(iter(batches))
    return lambda: _rate(iter(batches))


def _torchvision(size: int, preset: str, material: Material) -> Measure:
    import torch
    from torchvision.transforms import v2

    change = v2.Compose(torchvision_changes(_config(size, preset, material).augment))
    images = torch.from_numpy(_decoded(size, preset, material)).permute(0, 3, 1, 2).contiguous()

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
