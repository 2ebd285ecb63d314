"""What a run's network saw, or would see: any training image of any epoch, made again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from allcore.augment import augment
from allcore.cells.finder import find_cells
from allcore.cells.lenders import Lenders
from allcore.data.intake.images import decode
from allcore.errors import DatasetError, ImageError, RunError
from allcore.runs.folder.history import History
from allcore.runs.folder.store import Run
from allcore.runs.recorded_images import read_recorded_image


def split_image(run: Run, root: Path, row: int) -> np.ndarray:
    """Return the image in `row` (0-based) of the run's split, from below `root`, the catalog's folder: uint8 (H, W, 3).

    Raises `DatasetError` when the file is gone, or is no longer the one that the run was made with.
    """
    path, sha256 = map(str, run.split.table.loc[row, ["path", "sha256"]])
    try:
        return decode(read_recorded_image(root / path, sha256), path)
    except ImageError as error:
        raise DatasetError(
            f"{path} cannot be shown as run {run.id} saw it: {error}; put the file back as it was"
        ) from None


def epochs_begun(history: History) -> int:
    """Return how many epochs a run has come to by its history: fewer than were asked for where it ended early."""
    return max((int(of["epoch"].max()) + 1 for of in (history.epochs, history.batches) if len(of)), default=0)


def replay(run: Run, root: Path, row: int, epoch: int) -> np.ndarray:
    """Return the training image in `row` of the run's split exactly as `epoch` (both 0-based) sees it: uint8 (S, S, 3).

    The run need not have come to that epoch. Raises `RunError` when the row is not in train or the run has no such
    epoch, and what `split_image` raises.
    """
    config = run.config
    if not 0 <= row < len(run.split.table) or run.split.table.loc[row, "split"] != "train":
        raise RunError(f"row {row} of run {run.id} is no training image; only those are augmented")
    if not 0 <= epoch < config.epochs:
        raise RunError(f"run {run.id} has epochs 0 to {config.epochs - 1}, received {epoch}")
    image = split_image(run, root, row)
    cells = find_cells(image) if config.augment.changes_fields else None
    lenders = Lenders(
        lambda lender: split_image(run, root, lender),
        lambda lender: find_cells(split_image(run, root, lender)),
        run.split.rows("train"),
    )
    return augment(image, config.image_size, config.augment, config.seed, epoch, row, cells, lenders)
