"""Folders that appear whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from allcore.errors import DatasetError
from allcore.writing import make_folder, rename, sync_all


@contextmanager
def staged(into: Path) -> Iterator[Path]:
    """Give a path to build a folder at, and move it to `into` when the block ends well; else leave nothing behind.

    Raises:
        DatasetError: `into` exists already, or a file could not be read or written.
    """
    refuse_existing(into)
    workplace = into.parent / f".{uuid4().hex}"  # hidden, so that a killed import is never taken for a dataset
    try:
        make_folder(into.parent)
        workplace.mkdir()
        yield workplace / into.name
        sync_all(workplace / into.name)  # a power cut must not leave a dataset of empty files
        rename(workplace / into.name, into)
    except OSError as error:
        raise DatasetError(f"'{into.name}' could not be made: {error.strerror or error}") from error
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def refuse_existing(path: Path) -> None:
    """Raise DatasetError where something bears this name already."""
    if path.exists() or path.is_symlink():
        raise DatasetError(f"'{path.name}' exists already; choose another name or remove it first")
