"""Training from files on disk: the modified VGG16, the paper's augmentation, batches of 32; images a second.

Every measurement is some steps of an epoch after the first: images that a contender keeps decoded are decoded by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, count, islice, repeat
from typing import TYPE_CHECKING, Any

from allcore.config import TrainConfig, make_config
from allcore.hardware import plan_hardware, set_before_tensorflow, system_devices
from benchmarks.claim import OURS, Claim, LeftOutError, Material, Measure
from benchmarks.claims.ours import training_batches
from benchmarks.claims.peers import image_data_generator, keras_layers, torchvision_changes

if TYPE_CHECKING:
    import keras

    from allcore.training.batches import Batch, BatchSource

BATCH = 32
STEPS = {96: 8, 150: 4, 300: 2}
PYTORCH = "PyTorch, channels last, in the precision of ALLscope"


def claim(size: int) -> Claim:
    """Return the claim for images of `size` px."""
    return Claim(
        work=f"training at {size} px, batches of {BATCH}",
        unit="images/s",
        contenders={
            OURS: partial(_ours, size),
            "ImageDataGenerator and fit": partial(_image_data_generator, size),
            "image_dataset_from_directory and fit": partial(_image_dataset, size),
            PYTORCH: partial(_pytorch, size),
        },
        goals={
            "ImageDataGenerator and fit": 3.0,
            "image_dataset_from_directory and fit": 2.0,
            PYTORCH: 1.05,
        },
        more_is_better=True,
        rounds=3,
    )


def _config(size: int, material: Material) -> TrainConfig:
    return make_config(dataset=str(material.data), image_size=size, batch_size=BATCH, weights="random")


def _rate(steps: int, batches: Iterator[Any], learn: Callable[[Any], object]) -> float:
    """Return images a second of steps whose batches are begun now; those prepared before a turn would cost nothing."""
    began = time.perf_counter()
    for batch in islice(batches, steps):
        learn(batch)
    return steps * BATCH / (time.perf_counter() - began)


def _ours(size: int, material: Material) -> Measure:
    config = _config(size, material)
    source, classes = training_batches(config, material)
    _check_whole_batch(len(source.rows))
    set_before_tensorflow()
    from allcore.training.learner import Learner
    from allcore.training.tensorflow_devices import tensorflow_devices

    learner = Learner(config, plan_hardware(config, classes, tensorflow_devices()), classes)
    learner.train_batch(source.batch(0, 0))  # traces
    return lambda: _rate(STEPS[size], _whole_batches(source), learner.train_batch)


def _check_whole_batch(images: int) -> None:
    """Raise `LeftOutError` where no batch of any epoch is whole: nothing would ever be learned from."""
    if images < BATCH:
        raise LeftOutError(f"its {images} images to train on do not fill a batch of {BATCH}")


def _whole_batches(source: BatchSource) -> Iterator[Batch]:
    epochs = map(source.batches, count(1))
    return (batch for batch in chain.from_iterable(epochs) if len(batch.labels) == BATCH)


def _plain_network(size: int, material: Material) -> keras.Model:
    import keras

    from allcore.model.build import build_network

    config = _config(size, material)
    classes = sum(folder.is_dir() for folder in material.data.iterdir())
    model = build_network(config, classes)
    model.compile(keras.optimizers.Adam(config.learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _fitted(model: keras.Model, batches: Any, size: int) -> Measure:  # noqa: ANN401 - what `fit` takes
    model.fit(batches, steps_per_epoch=1, verbose=0)  # traces

    def measure() -> float:
        began = time.perf_counter()
        model.fit(batches, steps_per_epoch=STEPS[size], verbose=0)
        return STEPS[size] * BATCH / (time.perf_counter() - began)

    return measure


def _image_data_generator(size: int, material: Material) -> Measure:
    generator = image_data_generator(_config(size, material).augment)
    batches = generator.flow_from_directory(
        str(material.data), target_size=(size, size), batch_size=BATCH, class_mode="sparse"
    )
    _check_whole_batch(batches.n)
    return _fitted(_plain_network(size, material), batches, size)


def _image_dataset(size: int, material: Material) -> Measure:
    import keras

    change = keras_layers(_config(size, material).augment)
    batches = (
        keras.utils.image_dataset_from_directory(material.data, image_size=(size, size), batch_size=None, verbose=False)
        .repeat()
        .batch(BATCH)
        .map(lambda images, labels: (change(images, training=True), labels), num_parallel_calls=-1)
        .prefetch(-1)
    )
    return _fitted(_plain_network(size, material), batches, size)


def _pytorch(size: int, material: Material) -> Measure:
    import torch
    from torchvision import datasets, models
    from torchvision.transforms import v2

    augment = _config(size, material).augment
    change = v2.Compose([
        v2.ToImage(), v2.Resize((size, size)), *torchvision_changes(augment), v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])  # fmt: skip
    images = datasets.ImageFolder(str(material.data), change)
    _check_whole_batch(len(images))
    plan = plan_hardware(_config(size, material), len(images.classes), system_devices())
    device = "cuda" if plan.kind == "gpu" else "cpu"
    half = torch.float16 if plan.precision == "mixed_float16" else torch.bfloat16
    if device == "cuda" and not torch.cuda.is_available():
        raise LeftOutError("PyTorch sees no GPU")
    loader = torch.utils.data.DataLoader(
        images, BATCH, shuffle=True, drop_last=True, num_workers=torch.get_num_threads(), persistent_workers=True
    )
    trunk = models.vgg16(weights=None).features
    for layer in list(trunk)[24:]:  # the fifth block, as in the modified VGG16
        layer.requires_grad_(False)
    units = 512 * (size // 32) ** 2
    network = torch.nn.Sequential(
        trunk, torch.nn.Flatten(), torch.nn.Linear(units, 1024), torch.nn.ReLU(), torch.nn.Dropout(0.25),
        torch.nn.Linear(1024, len(images.classes)),
    ).to(device, memory_format=torch.channels_last)  # fmt: skip
    optimizer = torch.optim.Adam([each for each in network.parameters() if each.requires_grad], lr=1e-4)

    def learn(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
        pixels, labels = batch[0].to(device, memory_format=torch.channels_last), batch[1].to(device)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, half, enabled=plan.precision != "float32"):
            answers = network(pixels)
        loss = torch.nn.functional.cross_entropy(answers.float(), labels)
        loss.backward()
        optimizer.step()
        loss.item()  # as ALLscope reads it: a GPU has worked until then

    def begun() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return chain.from_iterable(repeat(loader))

    _rate(2, begun(), learn)  # starts its processes; and the first steps are slower
    return lambda: _rate(STEPS[size], begun(), learn)
