"""The files of a run that are worth a download."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from allcore.errors import FileError
from allcore.files import check_file, read_file
from allcore.runs.folder.files import (
    CONFIG_FILE,
    ENVIRONMENT_FILE,
    KERAS_FILE,
    LOG_FILE,
    METRICS_FILE,
    OUTPUT_FILE,
    PREDICTIONS_FILE,
    SERVED_FILE,
    SPLIT_FILE,
)
from allcore.runs.folder.store import Run

_OFFERED: Final = (
    SERVED_FILE, KERAS_FILE, PREDICTIONS_FILE, SPLIT_FILE, METRICS_FILE, CONFIG_FILE, ENVIRONMENT_FILE, LOG_FILE,
    OUTPUT_FILE,
)  # fmt: skip


@dataclass(frozen=True)
class Download:
    """A file of a run, and how many bytes it has."""

    path: Path
    size: int

    def read(self) -> bytes:
        """Return the file's content as it is now. Raises `FileError` when it is gone."""
        return read_file(self.path, sys.maxsize)


def downloads(run: Run) -> list[Download]:
    """Return the files of a run that are there to be downloaded, the models first."""
    found = []
    for name in _OFFERED:
        path = run.folder / name
        try:
            found.append(Download(path, check_file(path, sys.maxsize)))
        except FileError:  # not there, or nothing to read
            continue
    return found
