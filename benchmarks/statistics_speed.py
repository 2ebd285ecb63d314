"""Time the statistics on drawn predictions: the whole score table with its intervals, and the comparison of two models.

    python -m benchmarks.statistics_speed [--images 326] [--classes 4] [--samples 2000] [--rounds 7] [--profile]

Bar: the score table of 326 images and 4 classes from 2,000 bootstrap samples in under a second on two cores. Wall clock
depends on what else the machine does, processor time much less; the best and the median of the rounds are printed.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from allcore.arrays import FloatArray
from allcore.data.class_names import probability_columns
from allcore.evaluation.comparing.comparison import compare, compare_all
from allcore.evaluation.comparing.pairing import pair
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.scoring.scores import score
from allcore.processors import processors
from allcore.text import counted

IMAGES_A_GROUP = 1.2
"""About as many as share a field on a test split of the ALL images."""
MODELS = 5
"""Runs whose pairs are compared."""


def main() -> None:
    """Measure and print a row a computation; with --profile, where the score table's time goes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=326)
    parser.add_argument("--classes", type=int, default=4)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()

    models = {f"model {n}": _draw(options.images, options.classes, seed=n) for n in range(MODELS)}
    one, other = list(models.values())[:2]
    table, samples = one.table, options.samples
    tied = np.round(one.probabilities, 2) + 1e-3
    tied /= tied.sum(axis=1, keepdims=True)

    def table_of(probabilities: FloatArray, *, grouped: bool) -> object:
        groups = list(table["group"]) if grouped else None
        return score(list(table["label"]), probabilities, one.classes, groups, samples=samples)

    work = {
        "score table, over groups": lambda: table_of(one.probabilities, grouped=True),
        "score table, every image alone": lambda: table_of(one.probabilities, grouped=False),
        "score table, tied probabilities": lambda: table_of(tied, grouped=True),
        "two models compared": lambda: compare(pair(one, other), samples=samples),
        f"the {MODELS * (MODELS - 1) // 2} pairs of {MODELS} models": lambda: compare_all(models),
    }
    print(f"{options.images} images, {options.classes} classes, {samples} samples, {counted(processors(), 'core')}")
    print(f"{'':34}{'wall, best':>12}{'median':>9}{'cpu, best':>11}{'median':>9}   seconds")
    for name, call in work.items():
        wall, cpu = _times(call, options.rounds)
        best_and_median = (min(wall), statistics.median(wall), min(cpu), statistics.median(cpu))
        print(
            f"{name:34}" + "".join(f"{value:{w}.3f}" for value, w in zip(best_and_median, (12, 9, 11, 9), strict=True))
        )
    if options.profile:
        _profile(work["score table, over groups"])


def _draw(n: int, n_classes: int, seed: int) -> RecordedPredictions:
    """Draw a model's predictions, about nine in ten of them right."""
    classes = tuple(f"class {c}" for c in range(n_classes))
    true, rng = np.arange(n) % n_classes, np.random.default_rng(seed)
    p = rng.dirichlet(np.full(n_classes, 0.6), n) + 0.9 * np.eye(n_classes)[true]
    p /= p.sum(axis=1, keepdims=True)
    columns = {
        "path": [f"{number}.jpg" for number in range(n)],
        "sha256": [f"{number:064x}" for number in range(n)],
        "group": (np.arange(n) / IMAGES_A_GROUP).astype(int).astype(str),
        "label": np.array(classes, object)[true],
    }
    probabilities = dict(zip(probability_columns(classes), p.T, strict=True))
    return RecordedPredictions(classes, pd.DataFrame({**columns, **probabilities}))


def _times(call: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """Return the wall clock's and the processor's seconds of each round, after one that is not counted."""
    call()
    wall, cpu = [], []
    for _ in range(rounds):
        began = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - began[0])
        cpu.append(time.process_time() - began[1])
    return wall, cpu


def _profile(call: Callable[[], object]) -> None:
    profile = cProfile.Profile(time.process_time)
    profile.runcall(call)
    pstats.Stats(profile).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main()
