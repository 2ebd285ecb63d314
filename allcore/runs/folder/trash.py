"""Deleting a folder of a run, a study or a dataset: in one step it is no longer there, then its files are removed."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from allcore.errors import DatasetError, RunError
from allcore.writing import remove_folder, rename

TRASH = ".trash-"
"""How the names of what was deleted begin until all of its files are removed."""
_MOST_OF_NAME = 50
"""So much of a folder's name stands in that of its rest: with TRASH before it, the whole might be too long."""


def delete_folder(folder: Path, what: str, error: type[RunError | DatasetError] = RunError) -> None:
    """Remove a folder with all that is in it; of one that is a link, the link alone.

    Raises an `error`, in which `what` names it, when the disk refuses.
    """
    try:
        if folder.is_symlink():
            folder.unlink()
            return
        trash = folder.with_name(f"{TRASH}{secrets.token_hex(4)}-{folder.name[:_MOST_OF_NAME]}")
        rename(folder, trash)  # synced: after a power cut no folder stands there of which some files are gone
    except OSError as refused:
        raise error(f"{what} cannot be deleted ({refused.strerror}); all of it is still there") from None
    for earlier in trash.parent.glob(f"{TRASH}*"):  # with what deletions that were killed left
        shutil.rmtree(earlier, ignore_errors=True)
    try:
        remove_folder(trash)
    except OSError as refused:
        raise error(
            f"{what} is deleted, but not all of its files could be removed ({refused.strerror or refused}); "
            f"remove {trash} by hand"
        ) from None
