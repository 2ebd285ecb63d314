"""What several claims need of ALLscope: batches of the images, and a run with a served model."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2

from allcore.cells.maps import cell_maps
from allcore.config import TrainConfig
from allcore.data.catalog import scan
from allcore.data.decoded import decoded_images
from allcore.data.splits.split import Split, make_split
from allcore.model.weights_files import must_download
from allcore.networks.vgg16 import VGG16
from allcore.runs.folder.files import FLOAT32_FILE
from allcore.runs.folder.store import Run, RunStore
from allcore.training.batches import BatchSource
from allcore.workspace import open_workspace
from benchmarks.claim import Material
from benchmarks.load import Sights, sights_of

_PIXELS = 24_000_000
"""Pixels that a run is trained on at most: 2,604 images of 96 px, 1,066 of 150 and 266 of 300, minutes each."""


def training_batches(config: TrainConfig, material: Material) -> tuple[BatchSource, int]:
    """Return the augmented batches of the training images, decoded and kept, and the number of classes."""
    source, _, split = training_sources(config, material)
    return source, len(split.classes)


def training_sources(config: TrainConfig, material: Material) -> tuple[BatchSource, BatchSource, Split]:
    """Return the batches to train on, augmented, and those to validate with, decoded and kept, and the split.

    OpenCV keeps to one thread from here on, as in a run.
    """
    cv2.setNumThreads(1)
    cache = material.scratch / "cache"
    catalog = scan(Path(config.dataset), cache)
    rows = catalog.trainable_images()
    split = make_split(rows, config.split)
    images = decoded_images(catalog.root, rows, cache)
    cells = cell_maps(images, list(rows["pixel_sha256"]), cache) if config.augment.changes_fields else None
    train = BatchSource(images, split.labels(), split.rows("train"), config, augmented=True, cells=cells)
    validation = BatchSource(images, split.labels(), split.rows("validation"), config, augmented=False)
    return train, validation, split


def trained_run(size: int, material: Material) -> Run:
    """Return a run of `size` px with all that it leaves, trained for an epoch the first time.

    It begins with the ImageNet weights where they are on this machine, and learns fast from them: a model that has
    learned little answers in near ties, and is then served in float32, since int8 breaks ties otherwise. Raises
    `ModuleNotFoundError` where TensorFlow is not installed, `RuntimeError` where training fails.
    """
    workspace = material.scratch / f"workspace-{size}"
    store = RunStore(workspace / "runs")
    if not store.runs():
        if importlib.util.find_spec("tensorflow") is None:
            raise ModuleNotFoundError("training needs TensorFlow", name="tensorflow")
        data = trained_on(size, material)
        begins = ["random"] if must_download("imagenet", VGG16) else ["imagenet", "--learning-rate", "1e-4"]
        words = ["train", "--data", str(data), "--image-size", str(size), "--epochs", "1", "--batch-size", "8"]
        done = subprocess.run(
            [sys.executable, "-m", "allcore", *words, "--split", "random", "--weights", *begins],
            env={**os.environ, "ALLCORE_WORKSPACE": str(workspace)}, check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            shutil.rmtree(workspace, ignore_errors=True)  # what it left is no run to measure
            raise RuntimeError(f"no run could be trained: {done.stderr.strip()[-1000:]}")
    (run,) = store.runs()
    return run


def served_in(material: Material) -> dict[str, str]:
    """Return in which arithmetic each of the runs that claims have trained is served, by their pixels."""
    found = {}
    for workspace in sorted(material.scratch.glob("workspace-*")):
        for run in RunStore(workspace / "runs").runs():
            found[f"{run.config.image_size} px"] = "int8" if (run.folder / FLOAT32_FILE).exists() else "float32"
    return found


def trained_on(size: int, material: Material) -> Path:
    """Return the images that a run of `size` px is trained on: the given ones, or as many that minutes are enough."""
    catalog = scan(material.data, material.scratch / "cache")
    paths = sorted(catalog.trainable_images()["path"])
    most = _PIXELS // size**2
    if len(paths) <= most:
        return material.data
    folder = material.scratch / f"trained-on-{size}"
    if not folder.is_dir():
        for number in range(most):  # evenly from the sorted ones, so of each class its share
            path = paths[number * len(paths) // most]
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(catalog.root / path, folder / path)
    return folder


def workspace_with_runs(name: str, data: Path, runs: int, size: int, material: Material) -> Sights:
    """Make a workspace with so many finished runs, whose files are those of one, and name it in the environment.

    Returns what there is to look at of `data` and of the runs, but not of other images that these were trained on.
    Images are predicted by a run's model, as by the peers, and not by a released one.
    """
    root = material.scratch / name
    source = trained_run(size, material)
    if not root.is_dir():
        for number in range(runs):
            named = root / "runs" / f"20260101-{number:06d}-vgg16-{size}px-{number:04x}"
            shutil.copytree(source.folder, named, copy_function=os.link)
    os.environ |= {"ALLCORE_WORKSPACE": str(root), "ALLCORE_DATA_ROOTS": str(data)}
    workspace = open_workspace()
    sights = sights_of(workspace, model=RunStore(workspace.runs).runs()[0].id)
    os.environ["ALLCORE_DATA_ROOTS"] = os.pathsep.join(dict.fromkeys((str(data), source.config.dataset)))
    return sights


def one_image(material: Material) -> Path:
    """Return an image of the material."""
    catalog = scan(material.data, material.scratch / "cache")
    return catalog.root / catalog.images()["path"].iloc[0]
