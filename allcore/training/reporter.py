"""Reporting from a run: a slow disk, a full disk or a reader never kills or stalls training, and loses no record."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from allcore.refusals import is_for_want_of_room
from allcore.runs.folder.files import LOG_FILE, METRICS_FILE, TENSORBOARD_FOLDER
from allcore.runs.folder.status import Status, write_status
from allcore.runs.folder.turns import Turn
from allcore.training.log import record_line, status_changes, timestamped
from allcore.training.tensorboard import EventFiles
from allcore.writing import append_lines

_HEARTBEAT_SECONDS = 2.0
_PAUSE_SECONDS = 0.2
_FLUSH_SECONDS = 10.0
_MOST_HELD_BACK = 20_000
_FAILED = "reporting failed: "


class Reporter:
    """Writes a run's status and metrics from a thread of its own.

    What cannot be written is held back, written as soon as that works, and said in a warning meanwhile. A worker whose
    `turn` is over ends instead of writing. What `status` warns of stays, but for a failure of an earlier reporter.
    """

    def __init__(self, folder: Path, status: Status, turn: Turn | None = None) -> None:
        self._folder = folder
        self._turn = turn
        lasting = tuple(warning for warning in status.warnings if not warning.startswith(_FAILED))
        self._status = status.model_copy(update={"warnings": lasting})
        self._status_is_new = True
        self._records: list[dict[str, Any]] = []
        self._lines: list[str] = []
        self._events = EventFiles(folder / TENSORBOARD_FOLDER)
        self._trouble: Exception | None = None
        self._asked = self._answered = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="reporter", daemon=True)
        self._thread.start()

    @property
    def status(self) -> Status:
        """The status as it was last set."""
        with self._changed:
            return self._status

    def update(self, **fields: object) -> None:
        """Change fields of the status; it is written soon, at the latest with the next heartbeat."""
        with self._changed:
            self._set(self._status.model_copy(update=fields))

    def warn(self, message: str) -> None:
        """Add a warning to the status, once."""
        self._replace_warning("", message)

    def record(self, record: dict[str, Any]) -> None:
        """Append one record to the metrics, and its numbers to TensorBoard's event files."""
        with self._changed:
            self._records.append(record)
            if line := record_line(record):
                self._lines.append(timestamped(line))
            too_many = len(self._records) > _MOST_HELD_BACK
            del self._records[:-_MOST_HELD_BACK]
        if too_many:
            self.warn("the disk could not be written for too long: the oldest unwritten metrics are lost")

    def flush(self) -> None:
        """Wait until what was reported so far is written, or was tried, but no longer than ten seconds."""
        with self._changed:
            self._asked += 1
            mine = self._asked
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._answered >= mine or not self._thread.is_alive(), _FLUSH_SECONDS)

    def close(self, patience: float = 10.0) -> None:
        """Write what is left and end the thread; on a full disk, try again for `patience` seconds."""
        deadline = time.monotonic() + patience
        self.flush()
        while is_for_want_of_room(self._trouble) and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
            self.flush()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        written = 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._asked > self._answered or self._closing, _PAUSE_SECONDS)
                asked, closing = self._asked, self._closing
                beat = time.monotonic() - written > _HEARTBEAT_SECONDS
                due = asked > self._answered or closing or self._status_is_new or self._records or beat
            if due:
                self._write()
                written = time.monotonic()
            with self._changed:
                self._answered = asked
                self._changed.notify_all()
            if closing:
                return

    def _write(self) -> None:
        """Write the metrics, the event files and the status; nothing that these raise ends the thread."""
        trouble: Exception | None = None
        for write in (self._write_records, self._write_lines, self._write_status, self._events.write):
            if self._turn is not None:  # each may take long, and the run may become another's meanwhile
                self._turn.end_if_over()
            try:
                write()
            except Exception as error:  # TensorFlow's event writer raises what is no OSError
                trouble = trouble or error
        before, self._trouble = self._trouble, trouble
        if trouble is not None:
            self._replace_warning(_failed(before), _failed(trouble))
        elif before is not None:
            self._replace_warning(_failed(before), f"reporting was held up ({_reason(before)}); it is now up to date")
        if self._status_is_new:  # the warnings are others now
            with suppress(Exception):
                self._write_status()

    def _write_records(self) -> None:
        with self._changed:
            records, self._records = self._records, []
        try:
            if records:
                append_lines(self._folder / METRICS_FILE, map(json.dumps, records))
        except Exception:
            with self._changed:
                self._records = records + self._records
            raise
        self._events.add(records)

    def _write_lines(self) -> None:
        with self._changed:
            lines, self._lines = self._lines, []
        try:
            if lines:
                append_lines(self._folder / LOG_FILE, lines)
        except Exception:
            with self._changed:
                self._lines = (lines + self._lines)[-_MOST_HELD_BACK:]
            raise

    def _write_status(self) -> None:
        with self._changed:
            self._status = self._status.model_copy(update={"heartbeat": time.time()})
            self._status_is_new = False
            status = self._status
        try:
            write_status(self._folder, status)
        except Exception:
            self._status_is_new = True
            raise

    def _replace_warning(self, old: str, new: str) -> None:
        with self._changed:
            if new in self._status.warnings and old in ("", new):
                return
            warnings = (*(warning for warning in self._status.warnings if warning not in (old, new)), new)
            self._set(self._status.model_copy(update={"warnings": warnings}))

    def _set(self, status: Status) -> None:
        self._lines += map(timestamped, status_changes(self._status, status))
        self._status = status
        self._status_is_new = True


def _failed(error: Exception | None) -> str:
    return f"{_FAILED}{_reason(error)}; it is tried again" if error is not None else ""


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return next(iter(str(error).splitlines()), type(error).__name__)
