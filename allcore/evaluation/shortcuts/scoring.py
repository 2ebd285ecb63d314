"""What each baseline reaches on a split: trained on its train images, scored on its test images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from allcore.arrays import FloatArray, ImageArray
from allcore.data.class_names import probability_columns
from allcore.data.decoded import DecodedImages
from allcore.data.splits.split import Split
from allcore.errors import InputError
from allcore.evaluation.predictions.recorded import RecordedPredictions, with_answers
from allcore.evaluation.scoring.scores import Scores
from allcore.evaluation.shortcuts.cached import CachedResult, CachedResults
from allcore.evaluation.shortcuts.registry import BASELINES, Baseline
from allcore.processors import processors
from allcore.progress import Phase, Progress, ProgressCounter

_CHUNK = 64
_MANY = 500  # training images from which threads pay
Seen = dict[tuple[Callable[[ImageArray], np.ndarray], int], np.ndarray]
"""Features of images, by what made them and the image's row."""


@dataclass(frozen=True)
class ShortcutResult:
    """What one baseline reached: its `predictions` of the test images, to be paired with a run's, and their scores.

    The predictions' table has the split's columns and those of `RecordedPredictions`, without novelty.
    """

    baseline: Baseline
    predictions: RecordedPredictions
    scores: Scores

    @property
    def name(self) -> str:
        """The baseline's name."""
        return self.baseline.name


def shortcut_scores(
    images: DecodedImages,
    split: Split,
    cache: Path | None = None,
    on_progress: Progress | None = None,
    baselines: Sequence[Baseline] = BASELINES,
    seen: Seen | None = None,
    on_baseline: Phase | None = None,
) -> tuple[ShortcutResult, ...]:
    """Return the result of each baseline; `images` are in the order of the split's rows.

    What `cache` holds of a split of the same images is not computed again, and each result is cached as soon as it is
    there. `on_progress` hears of work done and in all, `on_baseline` the name of each that is about to be trained.
    Whoever scores several splits of the same images gives what was `seen` of them, to which this adds. Raises
    `InputError` when the images are not the split's, or train or test has none.
    """
    _check(images, split)
    folder = CachedResults(split, cache)
    found = {baseline.name: cached for baseline in baselines if (cached := folder.read(baseline)) is not None}
    missing = [baseline for baseline in baselines if baseline.name not in found]
    rows = np.concatenate([split.rows("train"), split.rows("test")])
    count = ProgressCounter(
        on_progress, len(rows) * (1 + len(missing))
    )  # training counts as much as reading every image
    features = _features(images, rows, missing, count, {} if seen is None else seen) if missing else []
    for baseline, of_rows in zip(missing, features, strict=True):
        if on_baseline is not None:
            on_baseline(baseline.name)
        probabilities = _predict(baseline, of_rows, split)
        scores = _predictions(split, probabilities).score()
        found[baseline.name] = CachedResult(
            probabilities=probabilities.tolist(), scores=scores, weights=baseline.weights()
        )
        folder.keep(baseline, found[baseline.name])
        count.add(len(rows))
    return tuple(_result(split, baseline, found[baseline.name]) for baseline in baselines)


def cached_shortcuts(
    split: Split, cache: Path, baselines: Sequence[Baseline] = BASELINES
) -> tuple[ShortcutResult, ...] | None:
    """Return the results that are cached below `cache`, without an image being read; None unless all of them are."""
    folder = CachedResults(split, cache)
    found = [(baseline, folder.read(baseline)) for baseline in baselines]
    results = tuple(_result(split, baseline, cached) for baseline, cached in found if cached is not None)
    return results if len(results) == len(baselines) else None


@contextmanager
def in_threads_where_it_pays(images: int) -> Iterator[None]:
    """Let scikit-learn's classifiers learn from so many images in as many threads as there are processors, or in one.

    A tree of few images is grown sooner than a thread hands over to another.
    """
    from joblib import parallel_config

    with parallel_config(backend="threading", n_jobs=-1 if images >= _MANY else 1):
        yield


def best_shortcut(results: Sequence[ShortcutResult]) -> ShortcutResult:
    """Return the most accurate of the results, of those that see no cells while there is one."""
    return max(results, key=lambda result: (not result.baseline.sees_cells, result.scores.accuracy))


def baselines_json(results: Sequence[ShortcutResult]) -> dict[str, dict[str, Any]]:
    """Return accuracy and 95 % interval of each result by the baseline's name, in fractions, as JSON values."""
    return {
        result.name: {"accuracy": result.scores.accuracy, "interval": list(result.scores.intervals["accuracy"])}
        for result in results
    }


def _check(images: DecodedImages, split: Split) -> None:
    if len(images) != len(split.table):
        raise InputError(f"{len(images)} images for a split of {len(split.table)}; give each row's image, in order")
    for part in ("train", "test"):
        if not len(split.rows(part)):
            raise InputError(f"the split has no image in {part}; expected at least one; make another split")


def _features(
    images: DecodedImages, rows: np.ndarray, baselines: Sequence[Baseline], count: ProgressCounter, seen: Seen
) -> Iterator[np.ndarray]:
    """Return the features (len(rows), F) of each baseline; those that were `seen`, or that two share, are made once."""
    makers = list(dict.fromkeys(baseline.features for baseline in baselines))

    def of_image(row: int) -> list[np.ndarray]:
        for maker in makers:
            if (maker, row) not in seen:
                seen[maker, row] = maker(images[row])
        return [seen[baseline.features, row] for baseline in baselines]

    vectors: list[list[np.ndarray]] = []
    with ThreadPoolExecutor(max_workers=processors()) as pool:
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            vectors += pool.map(of_image, chunk)
            count.add(len(chunk))
    return map(np.stack, zip(*vectors, strict=True))


def _predict(baseline: Baseline, features: np.ndarray, split: Split) -> FloatArray:
    """Train on the first of the features (train, then test) and return the probabilities of the others (N, C)."""
    train = len(split.rows("train"))
    probabilities = np.zeros((len(features) - train, len(split.classes)))
    with in_threads_where_it_pays(train):
        classifier = baseline.classifier()
        classifier.fit(features[:train], split.labels()[split.rows("train")])
        probabilities[:, classifier.classes_] = classifier.predict_proba(features[train:])
    return probabilities


def _result(split: Split, baseline: Baseline, cached: CachedResult) -> ShortcutResult:
    return ShortcutResult(baseline, _predictions(split, np.array(cached.probabilities)), cached.scores)


def _predictions(split: Split, probabilities: FloatArray) -> RecordedPredictions:
    classes, rows = split.classes, split.rows("test")
    table = split.table.iloc[rows].reset_index(drop=True)
    table["twin"] = split.twins_in_train()[rows]
    table[probability_columns(classes)] = probabilities
    return RecordedPredictions(classes, with_answers(table, classes))
