"""A run's `metrics.jsonl`: one record a reported batch and one an epoch, whatever happened in between."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from allcore.errors import FileError, MissingFileError
from allcore.files import read_file
from allcore.json_text import parse_json
from allcore.runs.folder.files import METRICS_FILE, damaged

if TYPE_CHECKING:
    import pandas as pd

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

    @property
    def training_seconds(self) -> float | None:
        """The time of all epochs together, validation included; None before the end of the first."""
        return float(self.epochs["seconds"].sum()) if "seconds" in self.epochs else None

    @property
    def most_memory(self) -> int | None:
        """The most memory in use, in bytes, of what epochs and batches reported; None where it is not known."""
        tables = (table for table in (self.epochs, self.batches) if "memory_bytes" in table)
        used = [int(table["memory_bytes"].max()) for table in tables if table["memory_bytes"].notna().any()]
        return max(used, default=None)


def read_history(folder: Path) -> History:
    """Return the history of a run; a line that is half written or foreign is left out.

    Raises `RunError` when the file is there and cannot be read, or a record lacks what one of its kind has.
    """
    return HistoryReader(folder).read()


class HistoryReader:
    """Reads the history of a run that is being watched: of a file that grew, only what is new is read."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / METRICS_FILE
        self._lock = Lock()
        self._inode: int | None = None
        self._bytes = self._lines = 0
        self._rows: list[dict[str, Any]] = []
        self._last: History | None = None

    def read(self) -> History:
        """Return what `read_history` does, with what was added since the last call. Raises what it does."""
        with self._lock:
            self._begin_again_if_replaced()
            added = _read(self._file, self._bytes)
            if not added and self._last is not None:
                return self._last
            end = added.rfind(b"\n") + 1
            lines, unfinished = added[:end].splitlines(), added[end:].splitlines()
            self._rows = _with(self._rows, _records(self._file, lines, self._lines + 1))
            self._bytes, self._lines = self._bytes + end, self._lines + len(lines)
            rows = _with(self._rows, _records(self._file, unfinished, self._lines + 1))
            history = History(
                epochs=_table([row for row in rows if row["kind"] == "epoch"]),
                batches=_table([row for row in rows if row["kind"] == "batch"]),
            )
            self._last = None if unfinished else history
            return history

    def _begin(self) -> None:
        self._bytes = self._lines = 0
        self._rows, self._last, self._inode = [], None, None

    def _begin_again_if_replaced(self) -> None:
        try:
            facts = self._file.stat()
        except OSError:
            self._begin()
            return
        if facts.st_ino != self._inode or facts.st_size < self._bytes:
            self._begin()
        self._inode = facts.st_ino


def last_segment(folder: Path) -> int:
    """Return the highest number of a segment that the run's metrics speak of, 0 where they are not there."""
    file = folder / METRICS_FILE
    return max((_segment(record) for record in _records(file, _read(file).splitlines())), default=0)


def _with(rows: list[dict[str, Any]], added: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with others after them; where a segment starts, what lies beyond its start goes."""
    rows = list(rows)
    for record in added:
        if record["kind"] == "segment":
            start = (record["epoch"], record["step"])
            rows = [row for row in rows if _position(row) <= start]
        else:
            rows.append(record)
    return rows


def _segment(record: dict[str, Any]) -> int:
    segment = record.get("segment")
    return segment if isinstance(segment, int) else 0


def _position(record: dict[str, Any]) -> tuple[int, int]:
    """Return the epoch and step that training had reached when the record was written."""
    if record["kind"] == "epoch":
        return (record["epoch"] + 1, 0)
    return (record["epoch"], record["step"])


def _read(file: Path, start: int = 0) -> bytes:
    try:
        return read_file(file, _LARGEST_BYTES, start)
    except MissingFileError:
        return b""
    except FileError as error:
        raise damaged(file.parent, file.name, error) from None


def _records(file: Path, lines: list[bytes], first: int = 1) -> list[dict[str, Any]]:
    records = []
    for number, line in enumerate(lines, start=first):
        try:
            record = parse_json(line)
        except FileError:
            continue
        if not _is_record(record):
            continue
        lacking = [name for name in _NEEDED[record["kind"]] if name not in record]
        if lacking:
            raise damaged(file.parent, file.name, f"line {number} lacks {', '.join(lacking)}")
        records.append(record)
    return records


def _is_record(value: object) -> bool:
    if not isinstance(value, dict) or value.get("kind") not in list(_NEEDED):  # a list: what is asked for may be any
        return False
    if not all(isinstance(value.get(name), int) and 0 <= value[name] <= _LAST for name in ("epoch", "step")):
        return False
    return all(of is None or isinstance(of, int | float) for name, of in value.items() if name != "kind")


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    if not rows:  # making a table of nothing takes milliseconds, and a list of runs asks for many
        return pd.DataFrame()
    table = pd.DataFrame(rows).drop(columns="kind", errors="ignore")
    never_finite = table.select_dtypes("object").columns
    return table.astype(dict.fromkeys(never_finite, "float64"))
