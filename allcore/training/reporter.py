"""Reporting from a run: a slow disk, a full disk or a reader never kills or stalls training."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from allcore.runs.history import METRICS_FILE
from allcore.runs.status import Status, write_status

_HEARTBEAT_SECONDS = 2.0
_QUEUE_LENGTH = 10_000


class Reporter:
    """Writes a run's status and metrics from a thread of its own; what cannot be written becomes a warning."""

    def __init__(self, folder: Path, status: Status) -> None:
        self._folder = folder
        self._status = status
        self._lock = threading.Lock()
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(_QUEUE_LENGTH)
        self._events: Any = None
        self._thread = threading.Thread(target=self._work, name="reporter", daemon=True)
        self._thread.start()

    @property
    def status(self) -> Status:
        """The status as it was last set."""
        with self._lock:
            return self._status

    def update(self, **fields: object) -> None:
        """Change fields of the status; it is written soon, at the latest with the next heartbeat."""
        with self._lock:
            self._status = self._status.model_copy(update=fields)
        self._put(self._write_status)

    def warn(self, message: str) -> None:
        """Add a warning to the status, once."""
        with self._lock:
            if message in self._status.warnings:
                return
            self._status = self._status.model_copy(update={"warnings": (*self._status.warnings, message)})
        self._put(self._write_status)

    def record(self, record: dict[str, Any]) -> None:
        """Append one record to the metrics, and its numbers to TensorBoard's event files."""
        self._put(lambda: self._append(record))

    def flush(self, seconds: float = 10.0) -> None:
        """Wait until what was reported so far is written, but no longer than `seconds`."""
        written = threading.Event()
        self._put(written.set)
        written.wait(seconds)

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._put(None)
        self._thread.join(timeout=30.0)

    def _put(self, job: Callable[[], None] | None) -> None:
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            with self._lock:
                self._status = self._status.model_copy(
                    update={
                        "warnings": (*self._status.warnings[:20], "the disk is too slow: some metrics were not written")
                    }
                )

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=_HEARTBEAT_SECONDS)
            except queue.Empty:
                job = self._write_status
            if job is None:
                self._write_status()
                return
            try:
                job()
            except OSError as error:
                self._note_unwritten(error)

    def _note_unwritten(self, error: OSError) -> None:
        message = f"reporting failed: {error.strerror or error}"
        with self._lock:
            if message not in self._status.warnings:
                self._status = self._status.model_copy(update={"warnings": (*self._status.warnings, message)})

    def _write_status(self) -> None:
        with self._lock:
            self._status = self._status.model_copy(update={"heartbeat": time.time()})
            status = self._status
        try:
            write_status(self._folder, status)
        except OSError as error:
            self._note_unwritten(error)

    def _append(self, record: dict[str, Any]) -> None:
        with (self._folder / METRICS_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        self._write_events(record)

    def _write_events(self, record: dict[str, Any]) -> None:
        import tensorflow as tf

        if self._events is None:
            self._events = tf.summary.create_file_writer(str(self._folder / "tensorboard"))
        with self._events.as_default():
            position = record["global_step"] if record["kind"] == "batch" else record["epoch"] + 1
            for name, value in record.items():
                if isinstance(value, float):
                    tf.summary.scalar(f"{record['kind']}/{name}", value, step=position)
        self._events.flush()
