"""A dataset's catalog: every file read, checked and fingerprinted, exact duplicates known; seconds."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.claim import OURS, Claim, Material, Measure

LOOP, CLEANVISION = "Pillow in a loop", "cleanvision"


def cold() -> Claim:
    """Return the claim for a dataset that is seen for the first time."""
    return Claim(
        work="catalog of a dataset, seen for the first time",
        unit="s",
        contenders={OURS: _scan_cold, LOOP: _pillow, CLEANVISION: _cleanvision},
        goals={LOOP: 0.5, CLEANVISION: 0.5},
        rounds=3,
    )


def warm() -> Claim:
    """Return the claim for a dataset that was read before."""
    return Claim(
        work="catalog of a dataset, read before",
        unit="s",
        contenders={OURS: _scan_warm, LOOP: _pillow},
        goals={LOOP: 1 / 20},
    )


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _scan_cold(material: Material) -> Measure:
    from allcore.data.catalog import scan

    cache = material.scratch / "cold-cache"

    def measure() -> float:
        shutil.rmtree(cache, ignore_errors=True)
        return _seconds(lambda: scan(material.data, cache))

    measure()
    return measure


def _scan_warm(material: Material) -> Measure:
    from allcore.data.catalog import scan

    cache = material.scratch / "warm-cache"
    scan(material.data, cache)
    return lambda: _seconds(lambda: scan(material.data, cache))


def _pillow(material: Material) -> Measure:
    from PIL import Image

    def look() -> None:
        seen: dict[str, Path] = {}
        for path in sorted(material.data.rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                seen.setdefault(hashlib.sha256(data).hexdigest(), path)
                with Image.open(path) as image:
                    image.load()
                    hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()

    return lambda: _seconds(look)


def _cleanvision(material: Material) -> Measure:
    from cleanvision import Imagelab

    def look() -> None:
        Imagelab(data_path=str(material.data), verbose=False).find_issues(
            {"exact_duplicates": {}, "odd_size": {}, "light": {}, "dark": {}}, verbose=False
        )

    return lambda: _seconds(look)
