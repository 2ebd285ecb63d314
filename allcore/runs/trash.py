"""Deleting a folder of a run or a study: in one step it is no longer there, and then its files are removed."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from allcore.errors import RunError
from allcore.writing import remove_folder, rename

TRASH = ".trash-"
"""How the names of what was deleted begin until all of its files are removed."""


def delete_folder(folder: Path, what: str) -> None:
    """Remove a folder with all that is in it; of one that is a link, the link alone.

    Raises `RunError`, in which `what` names it, when the disk refuses.
    """
    try:
        if folder.is_symlink():
            folder.unlink()
            return
        trash = folder.with_name(f"{TRASH}{secrets.token_hex(4)}-{folder.name}")
        rename(folder, trash)  # synced: after a power cut no folder stands there of which some files are gone
    except OSError as error:
        raise RunError(f"{what} cannot be deleted ({error.strerror}); all of it is still there") from None
    _empty(trash, what)


def _empty(trash: Path, what: str) -> None:
    """Remove what was deleted, and what earlier deletions that were killed left. Raises `RunError`, naming it."""
    for earlier in trash.parent.glob(f"{TRASH}*"):
        shutil.rmtree(earlier, ignore_errors=True)
    try:
        remove_folder(trash)
    except OSError as error:
        raise RunError(
            f"{what} is deleted, but not all of its files could be removed ({error.strerror or error}); "
            f"remove {trash} by hand"
        ) from None
