"""The images of a run found again in its dataset, by their paths and known by their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from allcore.data.catalog import Catalog, scan
from allcore.data.intake.images import read_image
from allcore.errors import DatasetError, ImageError
from allcore.runs.folder.store import Run


def images_of_run(run: Run, cache: Path, split: str | None = None) -> tuple[Catalog, pd.DataFrame]:
    """Return the catalog of a run's dataset and its rows in the order of the run's split, or of one part of it.

    Raises `DatasetError` when an image is gone or has changed, `RunError` when the run is damaged.
    """
    recorded = run.split.table
    if split is not None:
        recorded = recorded[recorded["split"] == split]
    what = f"{f'{split} ' if split else ''}images of run {run.id}"
    return find_images(recorded, Path(run.config.dataset), run.config.variant, cache, what)


def find_images(
    recorded: pd.DataFrame, dataset: Path, variant: str | None, cache: Path, what: str
) -> tuple[Catalog, pd.DataFrame]:
    """Return the catalog of a dataset's folder and its rows of the `recorded` images (path, sha256), in their order.

    Raises `DatasetError` when one is gone or has changed, saying `what` they are.
    """
    catalog = scan(dataset, cache)
    rows = catalog.images(variant).set_index("path").reindex(recorded["path"]).reset_index()
    lost = recorded["path"][rows["sha256"].to_numpy() != recorded["sha256"].to_numpy()]
    if len(lost):
        raise DatasetError(
            f"{len(lost)} of the {len(recorded)} {what} are missing or changed in {dataset}, the first {lost.iloc[0]}; "
            "put them back as they were"
        )
    return catalog, rows


def read_recorded_image(path: Path, sha256: str) -> bytes:
    """Return the bytes of an image file that a run recorded. Raises `ImageError` when it is gone or has changed."""
    data = read_image(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ImageError("has changed since the run")
    return data
