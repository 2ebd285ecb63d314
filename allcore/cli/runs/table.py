"""The list of runs as a table, and in which order."""

from __future__ import annotations

from textwrap import shorten
from typing import Any, Final

from allcore.cli.kit.output import table
from allcore.errors import RunError
from allcore.number_text import duration, memory, percentage
from allcore.runs.folder.states import in_words
from allcore.runs.summary import SUMMARY_COLUMNS

_COLUMNS: Final = {
    "run": "run", "name": "name", "tags": "tags", "state": "state", "launched (UTC)": "launched", "dataset": "dataset",
    "epochs": "epochs", "ETA": "eta_seconds", "px": "image_size", "split": "split", "test %": "test_accuracy",
    "validation %": "best_validation_accuracy", "size": "bytes", "note": "person_note", "what went wrong": "note",
}  # fmt: skip
"""The columns of `runs list --json` by the headings of the table."""
_SHOWN: Final = 60
"""Characters of what somebody noted that a list shows."""


def sorted_runs(rows: list[dict[str, Any]], by: str | None) -> list[dict[str, Any]]:
    """Return the rows by a heading or a column, numbers from the largest and words from A; unknown values come last.

    Raises `RunError` where there is no such heading or column.
    """
    if by is None:
        return rows
    column = _COLUMNS.get(by, by)
    if column not in SUMMARY_COLUMNS:
        further = [name for name in SUMMARY_COLUMNS if name not in _COLUMNS]
        raise RunError(f"--sort: runs are sorted by one of {', '.join([*_COLUMNS, *further])} (received {by!r})")
    known, unknown = ([row for row in rows if (row[column] in (None, "")) == missing] for missing in (False, True))
    return sorted(known, key=lambda row: row[column], reverse=SUMMARY_COLUMNS[column] != "str") + unknown


def print_runs(rows: list[dict[str, Any]]) -> None:
    """Print the rows as a table."""
    headings = [heading if SUMMARY_COLUMNS[name] == "str" else f"#{heading}" for heading, name in _COLUMNS.items()]
    table(headings, [[_cell(row, name) for name in _COLUMNS.values()] for row in rows])


def _cell(row: dict[str, Any], name: str) -> object:
    value = row[name]
    match name:
        case "state":
            return in_words(value)
        case "epochs":
            return "" if value is None else f"{row['epoch']}/{value}"
        case "eta_seconds":
            return duration(value) if value else ""
        case "test_accuracy" | "best_validation_accuracy":
            return percentage(value)
        case "bytes":
            return memory(value)
        case "person_note":
            return shorten(value, _SHOWN, placeholder=" …")
    return value
