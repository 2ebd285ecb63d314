"""TensorBoard's event files of one run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any


class EventFiles:
    """Writes the numbers of records as scalars; what a disk refused is written again into a new file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unwritten: list[dict[str, Any]] = []
        self._writer: Any = None

    def add(self, records: Iterable[dict[str, Any]]) -> None:
        """Take records that are to be written."""
        self._unwritten += records

    def write(self) -> None:
        """Write what was taken and is not written yet. Raises whatever TensorFlow does when it cannot."""
        if not self._unwritten:
            return
        import tensorflow as tf

        try:
            if self._writer is None:
                self._writer = tf.summary.create_file_writer(str(self._folder))
            with self._writer.as_default():
                for record in self._unwritten:
                    _write_scalars(record)
            self._writer.flush()
        except Exception:
            self._writer = None  # a reader stops at the first damage, so nothing is appended behind it
            raise
        self._unwritten.clear()


def _write_scalars(record: dict[str, Any]) -> None:
    import tensorflow as tf

    position = record["global_step"] if record["kind"] == "batch" else record["epoch"] + 1
    for name, value in record.items():
        if isinstance(value, float) and name != "time":  # which each event has of its own
            tf.summary.scalar(f"{record['kind']}/{name}", value, step=position)
