"""A folder of a thousand images to a table: how long a new process takes, and how much memory."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from allcore.data.catalog import scan
from allcore.runs.folder.files import KERAS_FILE
from benchmarks.claim import OURS, Claim, LeftOutError, Material, Measure
from benchmarks.claims.ours import trained_run
from benchmarks.processes import megabytes_of, seconds_of, weighs

THOUSAND = 1000
QUARTER = "ALLscope, a quarter of the files"
_KERAS_READS = frozenset({".bmp", ".jpeg", ".jpg", ".png"})
"""Endings of those images that `image_dataset_from_directory` takes; it passes over others."""

KERAS_FOLDER = """
import sys, keras, numpy as np
model = keras.saving.load_model(sys.argv[1], compile=False)
side = model.input.shape[1]
images = keras.utils.image_dataset_from_directory(
    sys.argv[2], labels=None, shuffle=False, image_size=(side, side), batch_size=32, verbose=False)
np.savetxt(sys.argv[3], model.predict(images, verbose=0), delimiter=",")
"""


def seconds(size: int) -> Claim:
    """Return the claim for a folder of images that a new process writes as a table."""
    peer = "Keras: image_dataset_from_directory and predict"
    return Claim(
        work=f"{THOUSAND} files to a CSV file, a new process, {size} px",
        unit="s",
        contenders={OURS: partial(_predict_folder, size), peer: partial(_keras_folder, size)},
        goals={peer: 1 / 3},
        rounds=3,
    )


def memory(size: int) -> Claim:
    """Return the claim that what such a process takes does not grow with the number of files."""
    return Claim(
        work=f"most memory of a process that writes {THOUSAND} files to a CSV file, {size} px",
        unit="MB",
        contenders={
            OURS: partial(_folder_megabytes, size, THOUSAND),
            QUARTER: partial(_folder_megabytes, size, THOUSAND // 4),
        },
        goals={QUARTER: 1.1},
        rounds=3,
    )


def _folder(count: int, material: Material) -> Path:
    """Return a folder of as many files, copies of the material's usable images, some more than once if it has fewer."""
    folder = material.scratch / f"folder-{count}"
    if not folder.is_dir():
        catalog = scan(material.data, material.scratch / "cache")
        files = sorted(catalog.images()["path"])
        folder.mkdir()
        for number in range(count):
            file = catalog.root / files[number % len(files)]
            shutil.copyfile(file, folder / f"{number:04d}{file.suffix}")
    return folder


def _predict_folder(size: int, material: Material) -> Measure:
    return _predicting(seconds_of, size, THOUSAND, material)


def _folder_megabytes(size: int, count: int, material: Material) -> Measure:
    if not weighs():
        raise LeftOutError("the system does not say how much memory a process took at most")
    return _predicting(megabytes_of, size, count, material)


def _predicting(measured: Callable[..., float], size: int, count: int, material: Material) -> Measure:
    model, folder = trained_run(size, material).served_model, _folder(count, material)
    table = material.scratch / "allscope.csv"

    def measure() -> float:
        figure = measured("-m", "allcore", "predict", str(model), str(folder), "--csv", str(table))
        _check(table, count, header=True)
        return figure

    return measure


def _keras_folder(size: int, material: Material) -> Measure:
    import keras  # noqa: F401 - as above

    folder = _folder(THOUSAND, material)
    if others := {file.suffix for file in folder.iterdir() if file.suffix.lower() not in _KERAS_READS}:
        raise LeftOutError(f"image_dataset_from_directory passes over files in {', '.join(sorted(others))}")
    model, table = trained_run(size, material).folder / KERAS_FILE, material.scratch / "keras.csv"

    def measure() -> float:
        seconds = seconds_of("-c", KERAS_FOLDER, str(model), str(folder), str(table))
        _check(table, THOUSAND, header=False)
        return seconds

    return measure


def _check(table: Path, count: int, *, header: bool) -> None:
    with table.open(encoding="utf-8", newline="") as file:
        rows = sum(1 for _ in csv.reader(file)) - header
    if rows != count:
        raise RuntimeError(f"{table.name} has {rows} rows of {count}")
    table.unlink()
