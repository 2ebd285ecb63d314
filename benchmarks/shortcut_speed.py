"""What the shortcut baselines reach on a dataset, and how long they take.

    python -m benchmarks.shortcut_speed DIR [--split random] [--seed 0]

Decodes the images into the workspace's cache and looks for their overlap first, which is not timed: a run has done so
before. Then each baseline is trained and scored alone, and all of them together, as the app does it. A training that
shares the cores makes the seconds longer: the processor seconds beside them say by how much.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from allcore.config_parts import SplitConfig
from allcore.data.catalog import scan
from allcore.data.decoded import DecodedImages, decoded_images
from allcore.data.relations import find_relations
from allcore.data.splits.split import Split, make_split
from allcore.evaluation.shortcuts import BASELINES, Baseline, ShortcutResult, shortcut_scores
from allcore.workspace import open_workspace


def main() -> None:
    """Print a row a baseline: seconds, processor seconds, test accuracy with its 95 % interval."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--split", default="random", choices=["random", "grouped", "stain"])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    cache = open_workspace().cache
    catalog = scan(given.folder, cache)
    rows = catalog.trainable_images()
    images = decoded_images(catalog.root, rows, cache)
    relations = find_relations(catalog.root, rows, cache)
    split = make_split(rows, SplitConfig(protocol=given.split, seed=given.seed), relations)
    parts = ", ".join(f"{len(split.rows(part)):,} {part}" for part in ("train", "validation", "test"))
    print(f"{len(rows):,} images, {given.split} split with seed {given.seed}: {parts}")
    for baseline in BASELINES[:2]:  # scikit-learn's import and the images' way from the disk are not to be timed
        _timed(images, split, [baseline])

    print(f"{'baseline':<22}{'seconds':>9}{'processor':>11}{'accuracy':>10}   95 % interval")
    for baseline in BASELINES:
        seconds, processor, (result,) = _timed(images, split, [baseline])
        low, high = (100 * (end or 0) for end in result.scores.intervals["accuracy"])
        accuracy = f"{100 * result.scores.accuracy:8.2f} %   {low:.1f} to {high:.1f}"
        print(f"{result.name:<22}{seconds:9.1f}{processor:11.1f}{accuracy}")
    seconds, processor, _ = _timed(images, split, BASELINES)
    print(f"{'all together':<22}{seconds:9.1f}{processor:11.1f}")


def _timed(
    images: DecodedImages, split: Split, baselines: Sequence[Baseline]
) -> tuple[float, float, tuple[ShortcutResult, ...]]:
    wall, processor = time.perf_counter(), time.process_time()
    results = shortcut_scores(images, split, baselines=baselines)
    return time.perf_counter() - wall, time.process_time() - processor, results


if __name__ == "__main__":
    main()
