"""The shortcut baselines on the split of a run, from its dataset where that still is."""

from __future__ import annotations

from pathlib import Path

from allcore.data.cache import decoded_images
from allcore.evaluation.shortcuts.scoring import ShortcutResult, cached_shortcuts, shortcut_scores
from allcore.progress import Progress
from allcore.runs.images import images_of_run
from allcore.runs.store import Run


def shortcut_scores_of_run(run: Run, cache: Path, on_progress: Progress | None = None) -> tuple[ShortcutResult, ...]:
    """Return what each baseline reaches on a run's split; what `cache` holds needs no image.

    `on_progress` hears of images decoded, where that is yet to be done, and then of the baselines' work. Raises
    `DatasetError` when an image of the run is gone or has changed, `RunError` when the run is damaged.
    """
    cached = cached_shortcuts_of_run(run, cache)
    if cached is not None:
        return cached
    catalog, rows = images_of_run(run, cache)
    return shortcut_scores(decoded_images(catalog.root, rows, cache, on_progress), run.split, cache, on_progress)


def cached_shortcuts_of_run(run: Run, cache: Path) -> tuple[ShortcutResult, ...] | None:
    """Return what `cache` holds of a run's split; None unless all of it. Raises `RunError` when the run is damaged."""
    return cached_shortcuts(run.split, cache)
