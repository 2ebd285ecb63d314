"""Folders that appear whole or not at all."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from allcore.errors import DatasetError
from allcore.writing import make_folder, rename, sync_all, unfinished_folder

_WORKPLACE: Final = re.compile(r"\.[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}")
_UPLOAD: Final = re.compile(r"\.upload-[a-z0-9_]{8}")
"""What earlier versions called the folder of an import that was under way, and that of its upload."""


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


def unfinished_of_earlier_versions(datasets: Path) -> list[Path]:
    """Return what killed imports of earlier versions left: hidden, of a random name, and with what they held alone."""
    try:
        return [child for child in datasets.iterdir() if _is_unfinished(child)]
    except OSError:  # no folder, or one that may not be read
        return []


def _is_unfinished(folder: Path) -> bool:
    workplace = _WORKPLACE.fullmatch(folder.name)
    if not (workplace or _UPLOAD.fullmatch(folder.name)) or folder.is_symlink() or not folder.is_dir():
        return False
    held = list(folder.iterdir())
    return len(held) <= 1 and all(one.is_dir() if workplace else one.suffix == ".zip" for one in held)
