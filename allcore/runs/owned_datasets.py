"""Datasets as things that one owns: what is known of each, which runs use it, renaming and deleting."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from allcore.data.importing.dataset_note import DatasetNote, read_note, renamed_to, write_note
from allcore.data.importing.sources import new_dataset
from allcore.data.labels.meanings import copy_meanings, forget_meanings
from allcore.errors import DatasetError, RunError
from allcore.files import bytes_below, is_folder
from allcore.runs.folder.store import Run, RunStore, is_in_use
from allcore.runs.folder.trash import delete_folder
from allcore.workspace import Workspace
from allcore.writing import rename


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a dataset without looking at its images: `owned` ones lie in the workspace and are its own.

    `bytes` are those of all its files, `runs` the ids of those that were made on it, newest first.
    """

    name: str
    folder: Path
    owned: bool
    note: DatasetNote
    bytes: int
    runs: tuple[str, ...]


def dataset_facts(folder: Path, workspace: Workspace, runs: Sequence[Run]) -> DatasetFacts:
    """Return what is known of a dataset's folder; `runs` are all runs of the workspace, newest first."""
    note = read_note(folder) if _is_owned(folder, workspace) else DatasetNote()
    using = tuple(run.id for run in runs if was_made_on(run, folder))
    name = folder.name if folder.parent == workspace.datasets else f"{folder.parent.name}/{folder.name}"
    return DatasetFacts(name, folder, _is_owned(folder, workspace), note, bytes_below(folder), using)


def find_dataset(name: str, workspace: Workspace) -> Path:
    """Return the listed dataset of this name, present or former, or the one in this folder.

    Raises `DatasetError` where there is none, or several are listed by this name.
    """
    folders = workspace.list_datasets()
    own = [folder for folder in folders if folder.parent == workspace.datasets and folder.name == name]
    named = own or [folder for folder in folders if f"{folder.parent.name}/{folder.name}" == name]
    if len(named) > 1:
        raise DatasetError(f"{name!r} fits {len(named)} datasets: {', '.join(map(str, named))}; give the whole path")
    if named:
        return named[0]
    place = Path(name).expanduser()
    if is_folder(place):
        return next((folder for folder in folders if folder.resolve() == place.resolve()), place.absolute())
    if now := renamed_to(workspace.datasets, name):
        return now
    raise DatasetError(f"there is no dataset {name!r}; `dataset list` shows those that are")


def was_made_on(run: Run, folder: Path) -> bool:
    """Return whether a run was made on a dataset's folder, one above it or below it; not where that cannot be told."""
    try:
        dataset, resolved = Path(run.config.dataset).resolve(), folder.resolve()
    except (RunError, OSError, RuntimeError):  # a path that is too long, links in a circle
        return False
    return dataset.is_relative_to(resolved) or resolved.is_relative_to(dataset)


def rename_dataset(folder: Path, name: str, workspace: Workspace) -> Path:
    """Give a dataset of the workspace another name; runs, studies, what its classes mean and old addresses follow it.

    Raises `DatasetError` when it is not the workspace's own, a run uses it at the moment, the name will not do, or the
    disk refuses; then nothing has changed.
    """
    check_changeable(folder, workspace, "renamed")
    if folder.is_symlink():
        raise DatasetError(f"{folder.name} is a link to {folder.readlink()}; rename it by hand")
    former = read_note(folder)
    back = name in former.former
    target = workspace.datasets / name if back and not (workspace.datasets / name).exists() else None
    target = target or new_dataset(workspace.datasets, name, renamed=folder.name)
    names = tuple(dict.fromkeys((*(each for each in former.former if each != name), folder.name)))
    place = folder.resolve()
    try:
        write_note(folder, former.model_copy(update={"former": names}))
        copy_meanings(place, place.with_name(target.name), workspace.classes)
        rename(folder, target)
    except OSError as error:
        with suppress(OSError):
            forget_meanings(place.with_name(target.name), workspace.classes)
        with suppress(OSError):
            write_note(folder, former)
        raise DatasetError(f"{folder.name} cannot be renamed ({error.strerror or error})") from None
    with suppress(OSError):
        forget_meanings(place, workspace.classes)
    return target


def delete_dataset(folder: Path, workspace: Workspace) -> None:
    """Remove a dataset of the workspace with all its images; of one that is a link, the link alone.

    Raises `DatasetError` when it is not the workspace's own, a run uses it at the moment, or the disk refuses.
    """
    check_changeable(folder, workspace, "deleted")
    own = None if folder.is_symlink() else folder.resolve()
    try:
        delete_folder(folder, folder.name, DatasetError)
    finally:
        if own is not None and not own.exists():
            with suppress(OSError):
                forget_meanings(own, workspace.classes)


def _is_owned(folder: Path, workspace: Workspace) -> bool:
    return folder.parent.resolve() == workspace.datasets.resolve() and (folder.is_symlink() or folder.is_dir())


def check_changeable(folder: Path, workspace: Workspace, done: str) -> None:
    """Raise `DatasetError` where a dataset is not the workspace's own, or a run is using it."""
    if not _is_owned(folder, workspace):
        raise DatasetError(
            f"{folder} is not in the workspace's own folder ({workspace.datasets}), and folders elsewhere are only "
            f"read: it can be {done} by hand alone"
        )
    runs = RunStore(workspace.runs).runs()
    using = [run.id for run in runs if is_in_use(run) and was_made_on(run, folder)]
    if using:
        raise DatasetError(
            f"{folder.name} is in use by {', '.join(using)}; stop that first, or wait until it has ended"
        )
