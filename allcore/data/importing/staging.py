"""Folders that appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allcore.errors import DatasetError
from allcore.writing import make_folder, rename, sync_all, unfinished_folder


@contextmanager
def staged(into: Path) -> Iterator[Path]:
    """Give a path to build a folder at, and move it to `into` when the block ends well; else leave nothing behind.

    Raises:
        DatasetError: `into` exists already, or a file could not be read or written.
    """
    refuse_existing(into)
    try:
        make_folder(into.parent)
        with unfinished_folder(into.parent) as workplace:  # hidden: a killed import is no dataset
            yield workplace / into.name
            sync_all(workplace / into.name)  # a power cut must not leave a dataset of empty files
            rename(workplace / into.name, into)
    except OSError as error:
        raise DatasetError(f"'{into.name}' could not be made: {error.strerror or error}") from error


def refuse_existing(path: Path) -> None:
    """Raise DatasetError where something bears this name already."""
    if path.exists() or path.is_symlink():
        raise DatasetError(f"'{path.name}' exists already; choose another name or remove it first")
