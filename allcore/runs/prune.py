"""What the workspace holds that nobody needs, or that is made again when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from allcore.data.importing.staging import unfinished_of_earlier_versions
from allcore.errors import RunError
from allcore.files import bytes_below
from allcore.runs.folder.disk_clock import disk_time
from allcore.runs.folder.files import CHECKPOINTS_FOLDER, FORMER_UNFINISHED
from allcore.runs.folder.store import Run, RunStore, has_succeeded, is_in_use
from allcore.runs.folder.trash import TRASH
from allcore.runs.folder.worker_lock import has_worker
from allcore.workspace import Workspace
from allcore.writing import remove_folder, unfinished, unfinished_in_cache

_CACHED_IMAGES = {
    "decoded": "decoded images, made again from the dataset when they are needed",
    "cells": "cells that were found, found again when they are needed",
}
"""Folders of the cache that grow with the datasets. The results beside them stay: small, and minutes of work each."""
STALE_SECONDS = 3600.0
"""How long nothing was written to what is unfinished before whoever wrote it counts as gone."""


@dataclass(frozen=True)
class Superfluous:
    """A file or folder that can go, what it is, and its bytes."""

    path: Path
    what: str
    bytes: int


def superfluous(workspace: Workspace) -> list[Superfluous]:
    """Return what can go, the largest first.

    Nothing of a run that is active, can be resumed or is damaged is among it, and no cached images while a run is
    active.
    """
    runs = RunStore(workspace.runs).runs()
    found = [*_of_finished(runs), *_left_behind(workspace)]
    if not any(is_in_use(run) for run in runs):
        found += _cached_images(workspace)
    sized = [Superfluous(path, what, bytes_below(path)) for path, what in found]
    return sorted(sized, key=lambda each: (-each.bytes, each.path))


def remove(things: Sequence[Superfluous]) -> int:
    """Remove them and return the bytes that became free. Raises `RunError`, naming what the disk did not let go."""
    freed, stuck = 0, []
    for thing in things:
        before = bytes_below(thing.path)  # and not when the list was made: some of it may be gone since
        try:
            _remove(thing.path)
        except OSError as error:
            if thing.path.exists():  # another process may be removing it as well
                stuck.append(f"{thing.path} ({error.strerror or error})")
        freed += before - bytes_below(thing.path)
    if stuck:
        raise RunError(f"{len(stuck)} of {len(things)} could not be removed: {', '.join(stuck)}; remove them by hand")
    return freed


def _of_finished(runs: Sequence[Run]) -> Iterator[tuple[Path, str]]:
    for run in runs:
        if run.folder.is_symlink() or not _is_finished(run):
            continue
        checkpoints = run.folder / CHECKPOINTS_FOLDER
        if checkpoints.is_dir():
            yield checkpoints, "checkpoints of a finished run, which only resuming needs"
        for path in unfinished(run.folder, FORMER_UNFINISHED):
            yield path, "unfinished file of a finished run"


def _left_behind(workspace: Workspace) -> Iterator[tuple[Path, str]]:
    for folder, what in ((workspace.runs, "run"), (workspace.studies, "study"), (workspace.datasets, "dataset")):
        for path in folder.glob(f"{TRASH}*"):
            yield path, f"rest of a {what} that was deleted"
    caches = [path for path in _children(workspace.cache) if path.is_dir()]
    of_studies = _folders_in(workspace.studies)
    inside = [folder for study in of_studies for folder in _folders_in(study)]
    written = (workspace.runs, workspace.studies, workspace.datasets, *of_studies, *inside)
    found = [path for folder in written for path in unfinished(folder)]
    found += unfinished_of_earlier_versions(workspace.datasets)
    found += [path for folder in (workspace.cache, *caches) for path in unfinished_in_cache(folder)]
    for path in filter(_is_given_up, found):
        yield path, "unfinished, and given up"


def _cached_images(workspace: Workspace) -> Iterator[tuple[Path, str]]:
    for name, what in _CACHED_IMAGES.items():
        waiting = set(unfinished_in_cache(workspace.cache / name))
        for path in _children(workspace.cache / name):
            if path not in waiting and path.suffix != ".lock":
                yield path, what


def _is_finished(run: Run) -> bool:
    return has_succeeded(run) and not has_worker(run.folder)


def _is_given_up(path: Path) -> bool:
    """Return whether nothing was written to a file, or to a folder and what is in it, for long by the disk's clock.

    Not where that cannot be told.
    """
    try:
        last = max(each.lstat().st_mtime for each in (path, *path.rglob("*")))
        return disk_time(path.parent, path.lstat().st_dev) - last > STALE_SECONDS
    except OSError:
        return False


def _folders_in(folder: Path) -> list[Path]:
    """Return the folders in another that are its own; hidden ones are not, nor those that are links elsewhere."""
    try:
        seen = [path for path in folder.iterdir() if not path.name.startswith(".")]
        return sorted(path for path in seen if path.is_dir() and not path.is_symlink())
    except OSError:  # no folder, or one that may not be read
        return []


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_folder(path)
    else:
        path.unlink(missing_ok=True)
