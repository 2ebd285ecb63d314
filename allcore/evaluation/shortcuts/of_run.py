"""The shortcut baselines on the split of a run, from its dataset where that still is."""

from __future__ import annotations

from pathlib import Path

from allcore.data.cache import DecodedImages, decoded_images
from allcore.data.catalog import scan
from allcore.errors import DatasetError
from allcore.evaluation.shortcuts.scoring import ShortcutResult, cached_shortcuts, shortcut_scores
from allcore.progress import Progress
from allcore.runs.store import Run


def shortcut_scores_of_run(run: Run, cache: Path, on_progress: Progress | None = None) -> tuple[ShortcutResult, ...]:
    """Return what each baseline reaches on a run's split; what `cache` holds needs no image.

    `on_progress` hears of images decoded, where that is yet to be done, and then of the baselines' work. Raises
    `DatasetError` when an image of the run is gone or has changed, `RunError` when the run is damaged.
    """
    cached = cached_shortcuts_of_run(run, cache)
    return cached or shortcut_scores(_images(run, cache, on_progress), run.split, cache, on_progress)


def cached_shortcuts_of_run(run: Run, cache: Path) -> tuple[ShortcutResult, ...] | None:
    """Return what `cache` holds of a run's split; None unless all of it. Raises `RunError` when the run is damaged."""
    return cached_shortcuts(run.split, cache)


def _images(run: Run, cache: Path, on_progress: Progress | None) -> DecodedImages:
    """Return the images of the run's split in the order of its rows, as the run itself decoded them."""
    catalog = scan(Path(run.config.dataset), cache)
    wanted = run.split.table
    rows = catalog.images(run.config.variant).set_index("path").reindex(wanted["path"]).reset_index()
    gone = wanted["path"][rows["sha256"].to_numpy() != wanted["sha256"].to_numpy()]
    if len(gone):
        raise DatasetError(
            f"{len(gone)} of the {len(wanted)} images that run {run.id} was made with are missing or changed in "
            f"{run.config.dataset}, the first {gone.iloc[0]}; put them back"
        )
    return decoded_images(catalog.root, rows, cache, on_progress)
