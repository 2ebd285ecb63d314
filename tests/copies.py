"""Copies of a run that a test may change: what is large in a run is shared, not written anew for every test."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from allcore.runs.folder.store import Run

_LARGE = 1_000_000


def copy_of(run: Run, folder: Path) -> Run:
    """Return a copy of a run at `folder`, whose small files may be written to; models and checkpoints are links.

    These may be removed alone, or else all tests would have what was written.
    """
    return Run(shutil.copytree(run.folder, folder, copy_function=link_or_copy))


def copy_without_models(run: Run, folder: Path) -> Run:
    """Return a copy of a run at `folder` without its models, of which even the times may be changed."""
    return Run(shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("model.*", "checkpoints")))


def shared_files(run: Run) -> dict[str, tuple[int, int]]:
    """Return the size and the time of writing of each file of a run that copies of it share."""
    files = {str(file): file.stat() for file in run.folder.rglob("*") if file.is_file()}
    return {file: (facts.st_size, facts.st_mtime_ns) for file, facts in files.items() if facts.st_size > _LARGE}


def link_or_copy(source: str, target: str) -> None:
    """Link what is large, as `shutil.copytree` does it with `copy_function`."""
    (os.link if Path(source).stat().st_size > _LARGE else shutil.copy2)(source, target)
