"""A run's `metrics.jsonl`: one record a reported batch and one an epoch, whatever happened in between."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from allcore.errors import RunError

METRICS_FILE = "metrics.jsonl"


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

    Raises `RunError` when the file is there and cannot be read.
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
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"run {path.parent.name}: {path.name} cannot be read ({error.strerror})") from None
    records = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if _is_record(record):
            records.append(record)
    return records


def _is_record(value: object) -> bool:
    if not isinstance(value, dict) or value.get("kind") not in ("segment", "batch", "epoch"):
        return False
    if not all(isinstance(value.get(name), int) for name in ("epoch", "step")):
        return False
    return all(of is None or isinstance(of, int | float) for name, of in value.items() if name != "kind")


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows).drop(columns="kind", errors="ignore")
