"""The shortcut baselines on the split of a run, from its dataset where that still is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from allcore.data.decoded import decoded_images
from allcore.errors import DatasetError
from allcore.evaluation.shortcuts.frozen import FEWEST, FROZEN, frozen_weights
from allcore.evaluation.shortcuts.registry import BASELINES, Baseline
from allcore.evaluation.shortcuts.scoring import ShortcutResult, cached_shortcuts, shortcut_scores
from allcore.progress import Progress
from allcore.runs.folder.store import Run
from allcore.runs.recorded_images import images_of_run


def shortcut_scores_of_run(
    run: Run, cache: Path, on_progress: Progress | None = None, baselines: Sequence[Baseline] = BASELINES
) -> tuple[ShortcutResult, ...]:
    """Return what each baseline reaches on a run's split; what `cache` holds needs no image.

    `on_progress` hears of images decoded, where that is yet to be done, and then of the baselines' work. Raises
    `DatasetError` when an image of the run is gone or has changed, `RunError` when the run is damaged.
    """
    found = cached_shortcuts(run.split, cache, baselines)
    if found is not None:
        return found
    catalog, rows = images_of_run(run, cache)
    images = decoded_images(catalog.root, rows, cache, on_progress)
    return shortcut_scores(images, run.split, cache, on_progress, baselines)


def frozen_scores_of_run(
    run: Run, cache: Path, on_progress: Progress | None = None, baselines: Sequence[Baseline] = FROZEN
) -> tuple[ShortcutResult, ...]:
    """Return what each classifier on frozen features reaches on a run's split; what `cache` holds needs no image.

    `on_progress` hears of the work done. Raises `WeightsError` where VGG16's ImageNet weights are not at hand,
    `DatasetError` when an image of the run is gone or has changed or a class has too few.
    """
    if cached_shortcuts(run.split, cache, baselines) is None:
        frozen_weights()  # before any image is read
        counts = np.bincount(run.split.labels()[run.split.rows("train")], minlength=len(run.split.classes))
        if (fewest := min(counts)) < FEWEST:
            raise DatasetError(
                f"a class has {fewest} training images; expected at least {FEWEST} for these classifiers"
            )
    return shortcut_scores_of_run(run, cache, on_progress, baselines)


def cached_shortcuts_of_run(run: Run, cache: Path) -> tuple[ShortcutResult, ...] | None:
    """Return what `cache` holds of a run's split; None unless all of it. Raises `RunError` when the run is damaged."""
    return cached_shortcuts(run.split, cache)
