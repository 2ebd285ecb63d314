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

    def write(self, records: Iterable[dict[str, Any]]) -> None:
        """Write the records and those that are left from before. Raises whatever TensorFlow does when it cannot."""
        import tensorflow as tf

        self._unwritten += records
        if not self._unwritten:
            return
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
        if isinstance(value, float):
            tf.summary.scalar(f"{record['kind']}/{name}", value, step=position)
