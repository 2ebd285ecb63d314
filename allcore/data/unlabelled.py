"""The images of a folder that need not be a dataset, described as a catalog describes those of one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd

from allcore.data.catalog_rows import hold
from allcore.data.folder.listing import images_below
from allcore.progress import Progress, ProgressCounter
from allcore.text import well_formed
from allcore.threads import in_threads

_COLUMNS = ("path", "sha256", "pixel_sha256", "problem")


def unlabelled_images(folder: Path, on_progress: Progress | None = None) -> pd.DataFrame:
    """Return a row for each image file in a folder and below: path (relative, with '/'), sha256, pixel_sha256, problem.

    `problem` says why an image cannot be used; the digests are empty then. Raises `DatasetError` without any image.
    """
    files = images_below(folder)
    count, rows = ProgressCounter(on_progress, len(files)), []
    for row in in_threads(partial(_describe, folder), files):
        rows.append(row)
        count.add()
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _describe(folder: Path, file: Path) -> tuple[str, str, str, str]:
    path = well_formed(file.relative_to(folder).as_posix())
    held = hold(str(file), path)
    return path, held.sha256, held.pixel_sha256, held.problem
