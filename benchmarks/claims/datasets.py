"""A dataset's catalog: every file read, checked and fingerprinted, exact duplicates known; seconds."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.claim import OURS, Claim, Material, Measure
from benchmarks.claims.drawn import small_files

LOOP, CLEANVISION, QUARTER = "Pillow in a loop", "cleanvision", "ALLscope, a quarter of the files"
LINEAR = 1.1
"""An image may take a tenth longer among four times as many."""

Folder = Callable[[Material], tuple[Path, float]]
"""Return the folder to read, and by what its seconds are multiplied to give the figure."""


def cold() -> Claim:
    """Return the claim for a dataset that is seen for the first time."""
    return Claim(
        work="catalog of a dataset, seen for the first time",
        unit="s",
        contenders={
            OURS: partial(_scan_cold, _given),
            LOOP: partial(_pillow, _given),
            CLEANVISION: partial(_cleanvision, _given),
        },
        goals={LOOP: 0.5, CLEANVISION: 0.5},
        rounds=3,
    )


def warm() -> Claim:
    """Return the claim for a dataset that was read before."""
    return Claim(
        work="catalog of a dataset, read before",
        unit="s",
        contenders={OURS: partial(_scan_warm, _given), LOOP: partial(_pillow, _given)},
        goals={LOOP: 1 / 20},
    )


def many_cold() -> Claim:
    """Return the claim for many files that are seen for the first time: as long an image as among a quarter of them."""
    return Claim(
        work="catalog of many drawn files of 64 px (--drawn), seen for the first time",
        unit="ms an image",
        contenders={
            OURS: partial(_scan_cold, _many),
            QUARTER: partial(_scan_cold, _quarter),
            LOOP: partial(_pillow, _many),
        },
        goals={QUARTER: LINEAR, LOOP: 0.5},
        rounds=3,
    )


def many_warm() -> Claim:
    """Return the claim for many files that were read before."""
    return Claim(
        work="catalog of many drawn files of 64 px (--drawn), read before",
        unit="ms an image",
        contenders={
            OURS: partial(_scan_warm, _many),
            QUARTER: partial(_scan_warm, _quarter),
            LOOP: partial(_pillow, _many),
        },
        goals={QUARTER: LINEAR, LOOP: 1 / 20},
        rounds=3,
    )


def _given(material: Material) -> tuple[Path, float]:
    return material.data, 1.0


def _many(material: Material) -> tuple[Path, float]:
    return small_files(material, material.drawn), 1000 / material.drawn


def _quarter(material: Material) -> tuple[Path, float]:
    count = max(1, material.drawn // 4)
    return small_files(material, count), 1000 / count


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _scan_cold(of: Folder, material: Material) -> Measure:
    from allcore.data.catalog import scan

    folder, factor = of(material)
    cache = material.scratch / "cold-cache"

    def measure() -> float:
        shutil.rmtree(cache, ignore_errors=True)
        return factor * _seconds(lambda: scan(folder, cache))

    measure()
    return measure


def _scan_warm(of: Folder, material: Material) -> Measure:
    from allcore.data.catalog import scan

    folder, factor = of(material)
    cache = material.scratch / "warm-cache"
    scan(folder, cache)
    return lambda: factor * _seconds(lambda: scan(folder, cache))


def _pillow(of: Folder, material: Material) -> Measure:
    from PIL import Image

    folder, factor = of(material)

    def look() -> None:
        seen: dict[str, Path] = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                seen.setdefault(hashlib.sha256(data).hexdigest(), path)
                with Image.open(path) as image:
                    image.load()
                    hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()

    return lambda: factor * _seconds(look)


def _cleanvision(of: Folder, material: Material) -> Measure:
    from cleanvision import Imagelab

    folder, factor = of(material)

    def look() -> None:
        Imagelab(data_path=str(folder), verbose=False).find_issues(
            {"exact_duplicates": {}, "odd_size": {}, "light": {}, "dark": {}}, verbose=False
        )

    return lambda: factor * _seconds(look)
