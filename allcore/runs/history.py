"""A run's `metrics.jsonl`: one record a reported batch and one an epoch, whatever happened in between."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from allcore.errors import FileError, MissingFileError
from allcore.files import read_file
from allcore.json_text import parse_json
from allcore.runs.files import METRICS_FILE, damaged

_LARGEST_BYTES: Final = 512 * 2**20
_LAST: Final = 2**31 - 1
_NEEDED: Final = {
    "segment": (),
    "batch": ("global_step",),
    "epoch": ("loss", "accuracy", "validation_loss", "validation_accuracy", "seconds"),
}
"""What a record of each kind has beside its epoch and step, as numbers or, where they were not finite, as None."""


@dataclass(frozen=True)
class History:
    """The records that led to the run's present state, in order.

    `epochs` has one row an epoch (0-based `epoch`), `batches` one a reported batch (`epoch`, 1-based `step`). What a
    killed or stopped process reported beyond the checkpoint that its successor went on from is left out.
    """

    epochs: pd.DataFrame
    batches: pd.DataFrame


def read_history(folder: Path) -> History:
    """Return the history of a run; a line that is half written or foreign is left out.

    Raises `RunError` when the file is there and cannot be read, or a record lacks what one of its kind has.
    """
    kept: list[dict[str, Any]] = []
    for record in _records(folder / METRICS_FILE):
        if record["kind"] == "segment":
            start = (record["epoch"], record["step"])
            kept = [row for row in kept if _position(row) <= start]
        else:
            kept.append(record)
    return History(
        epochs=_table([row for row in kept if row["kind"] == "epoch"]),
        batches=_table([row for row in kept if row["kind"] == "batch"]),
    )


def last_segment(folder: Path) -> int:
    """Return the highest number of a segment that the run's metrics speak of, 0 where they are not there."""
    return max((_segment(record) for record in _records(folder / METRICS_FILE)), default=0)


def _segment(record: dict[str, Any]) -> int:
    segment = record.get("segment")
    return segment if isinstance(segment, int) else 0


def _position(record: dict[str, Any]) -> tuple[int, int]:
    """Return the epoch and step that training had reached when the record was written."""
    if record["kind"] == "epoch":
        return (record["epoch"] + 1, 0)
    return (record["epoch"], record["step"])


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        lines = read_file(path, _LARGEST_BYTES).splitlines()
    except MissingFileError:
        return []
    except FileError as error:
        raise damaged(path.parent, path.name, error) from None
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = parse_json(line)
        except FileError:
            continue
        if not _is_record(record):
            continue
        lacking = [name for name in _NEEDED[record["kind"]] if name not in record]
        if lacking:
            raise damaged(path.parent, path.name, f"line {number} lacks {', '.join(lacking)}")
        records.append(record)
    return records


def _is_record(value: object) -> bool:
    if not isinstance(value, dict) or value.get("kind") not in list(_NEEDED):  # a list: what is asked for may be any
        return False
    if not all(isinstance(value.get(name), int) and 0 <= value[name] <= _LAST for name in ("epoch", "step")):
        return False
    return all(of is None or isinstance(of, int | float) for name, of in value.items() if name != "kind")


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows).drop(columns="kind", errors="ignore")
    never_finite = table.select_dtypes("object").columns
    return table.astype(dict.fromkeys(never_finite, "float64"))
