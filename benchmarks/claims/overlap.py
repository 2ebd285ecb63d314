"""Images that show the same field: the search against looking at all pairs, and how it grows.

What is found, on planted overlaps, `python -m benchmarks.overlap_search` measures.
"""

from __future__ import annotations

import time
from functools import partial
from itertools import combinations

import cv2
import numpy as np

from allcore.data.catalog import scan
from allcore.data.decoded import decoded_images
from allcore.data.shared_fields.search import Images, find_shared_fields
from benchmarks.claim import OURS, Claim, Material, Measure
from benchmarks.claims.drawn import DrawnFields

ALL_PAIRS, HASHES, CLEANVISION = "all pairs by correlation, from a sample", "imagehash, all pairs", "cleanvision"
QUARTER = "ALLscope, a quarter of the images"
GROWTH = 4**0.2
"""What an image may take longer among four times as many, where the work grows as n to the power of 1.2."""
HOUR_FOR_ALL = 36.0
"""Milliseconds an image that let 100,000 be searched in an hour."""
_SIDE, _SAMPLE, _HASH_DISTANCE = 64, 1000, 10


def search() -> Claim:
    """Return the claim for the images at hand."""
    return Claim(
        work="images that show the same field",
        unit="s",
        contenders={OURS: _search, ALL_PAIRS: _all_pairs, HASHES: _hashes, CLEANVISION: _cleanvision},
        goals={ALL_PAIRS: 0.1},
        rounds=3,
    )


def growth() -> Claim:
    """Return the claim for many images: hardly longer an image than among a quarter of them."""
    return Claim(
        work="images that show the same field among many drawn ones of 224 px (--drawn)",
        unit="ms an image",
        contenders={OURS: partial(_search_drawn, 1), QUARTER: partial(_search_drawn, 4)},
        goals={QUARTER: GROWTH},
        rounds=1,
        limit=HOUR_FOR_ALL,
        memory=4000,
    )


def _images(material: Material) -> Images:
    cache = material.scratch / "cache"
    catalog = scan(material.data, cache)
    return decoded_images(catalog.root, catalog.images(), cache)


def _seconds(images: Images) -> float:
    began = time.perf_counter()
    find_shared_fields(images)
    return time.perf_counter() - began


def _search(material: Material) -> Measure:
    images = _images(material)
    return lambda: _seconds(images)


def _search_drawn(part: int, material: Material) -> Measure:
    images = DrawnFields(material, max(2, material.drawn // part))
    return lambda: 1000 * _seconds(images) / len(images)


def _all_pairs(material: Material) -> Measure:
    """Correlate pairs of small grey images at every shift, turned and mirrored; a sample stands for all of them."""
    images = _images(material)
    grey = np.stack([_small_grey(images[number]) for number in range(len(images))])
    waves = np.fft.rfft2(grey)
    ways = ([np.rot90(one, turns)[:, ::step] for turns in range(4) for step in (1, -1)] for one in grey)
    waves_of_ways = np.stack([np.fft.rfft2(np.stack(way)) for way in ways])
    pairs = len(grey) * (len(grey) - 1) // 2
    chosen = np.random.default_rng(0).integers(0, len(grey), (min(_SAMPLE, pairs), 2))

    def measure() -> float:
        began = time.perf_counter()
        for first, second in chosen:
            np.fft.irfft2(waves_of_ways[first] * waves[second].conj()).max()
        return (time.perf_counter() - began) * pairs / len(chosen)

    return measure


def _small_grey(image: np.ndarray) -> np.ndarray:
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grey = small.astype(np.float32)
    deviation: np.float32 = grey.std() or np.float32(1)
    return (grey - grey.mean()) / deviation


def _hashes(material: Material) -> Measure:
    import imagehash
    from PIL import Image

    images = _images(material)

    def measure() -> float:
        began = time.perf_counter()
        found = [imagehash.phash(Image.fromarray(images[number])) for number in range(len(images))]
        sum(first - second <= _HASH_DISTANCE for first, second in combinations(found, 2))
        return time.perf_counter() - began

    return measure


def _cleanvision(material: Material) -> Measure:
    from cleanvision import Imagelab

    def measure() -> float:
        began = time.perf_counter()
        lab = Imagelab(data_path=str(material.data), verbose=False)
        lab.find_issues({"near_duplicates": {}, "exact_duplicates": {}}, verbose=False)
        return time.perf_counter() - began

    return measure
