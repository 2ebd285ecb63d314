"""How many images a second the finder searches for nucleated cells, on one core and on two.

    python -m benchmarks.cell_finder DIR [--images 256] [--rounds 5]

The images are decoded before and not timed; half a dozen is searched first. Rounds on one thread and on two take turns,
and the median of each counts. Take it on a quiet machine: the processor seconds an image, printed beside, tell what a
busy one has taken away.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from allcore.cells.finder import find_cells
from allcore.data.catalog import scan
from allcore.data.intake.images import decode
from allcore.processors import processors
from allcore.text import counted

CORES = (1, 2)


def main() -> None:
    """Print a row for each number of cores: images a second, processor milliseconds an image."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()

    cv2.setNumThreads(1)  # so that a thread is a core
    catalog = scan(given.folder)
    rows = catalog.images()
    chosen = np.linspace(0, len(rows) - 1, min(given.images, len(rows))).astype(int)
    images = [decode(catalog.root / path) for path in rows["path"].iloc[chosen]]
    for image in images[:6]:
        find_cells(image)

    measured: dict[int, list[tuple[float, float]]] = {cores: [] for cores in CORES}
    for _ in range(given.rounds):
        for cores in CORES:
            measured[cores].append(_timed(images, cores))
    load = os.getloadavg()[0]
    machine = f"{counted(processors(), 'core')}, load {load:.1f}"
    print(f"{len(images)} images of {catalog.root.name}, {given.rounds} rounds, {machine}")
    print(f"{'cores':>5}{'images/s':>10}{'processor ms an image':>24}")
    for cores, rounds in measured.items():
        wall, processor = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{cores:5}{len(images) / wall:10.1f}{1000 * processor / len(images):24.1f}")


def _timed(images: list[np.ndarray], cores: int) -> tuple[float, float]:
    """Return the wall seconds and the processor seconds that the finder takes on some cores."""
    wall, processor = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(max_workers=cores) as pool:
        for _ in pool.map(find_cells, images):
            pass
    return time.perf_counter() - wall, time.process_time() - processor


if __name__ == "__main__":
    main()
