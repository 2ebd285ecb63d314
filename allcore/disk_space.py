"""Whether a disk has room for what is about to be written."""

from __future__ import annotations

import shutil
from pathlib import Path

from allcore.errors import DatasetError
from allcore.number_text import memory


def check_space(what: str, needed: int, folder: Path) -> None:
    """Raise `DatasetError` unless the existing `folder` has room for `needed` bytes, naming `what` needs them."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DatasetError(
            f"not enough disk space: {what} needs {memory(needed)} below {folder}, {memory(free)} are free; "
            "free some space or set ALLCORE_WORKSPACE to a larger disk"
        )
