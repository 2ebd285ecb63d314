"""The one door to what stands in a run folder: whatever that is, it becomes plain values or one `RunError`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from allcore.errors import FileError, MissingFileError, RunError
from allcore.json_text import read_json

LARGEST_RECORD: Final = 4 * 2**20
"""Bytes of a status, a configuration or an environment; real ones have thousands."""


def read_record(folder: Path, name: str) -> dict[str, Any] | None:
    """Return the JSON object in a run folder's file; None when there is no such file. Raises `RunError`."""
    try:
        value = read_json(folder / name, LARGEST_RECORD)
    except MissingFileError:
        return None
    except FileError as error:
        raise damaged(folder, name, error) from None
    if not isinstance(value, dict):
        raise damaged(folder, name, "it is not a JSON object")
    return value


def damaged(folder: Path, name: str, reason: object) -> RunError:
    """Return the error that says of a run folder's file that it cannot be read, and why."""
    return RunError(f"run {folder.name}: {name} cannot be read ({reason})")
