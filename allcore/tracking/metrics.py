"""What is new in a run's metrics, as MLflow takes it: batches by their global step, epochs by their number."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from allcore.errors import FileError, MissingFileError, RunError
from allcore.files import read_file
from allcore.json_text import parse_json
from allcore.tracking.server import Metric

_NO_METRIC: Final = ("kind", "segment", "epoch", "step", "global_step", "time", "checksum")
_LINES: Final = 100
_LARGEST_BYTES: Final = 512 * 2**20


class NewMetrics(NamedTuple):
    """Values of up to a hundred records; the byte that follows these, and the last epoch and step (1-based) so far."""

    metrics: list[Metric]
    offset: int
    epoch: int
    step: int


def new_metrics(file: Path, offset: int, epoch: int, step: int) -> Iterator[NewMetrics]:
    """Yield what stands in the metrics from a byte on and lies beyond an epoch and a step, in order.

    What a resumed run repeats is left out, so a step has one value. Raises `RunError` where the file cannot be read.
    """
    lines = _lines(file, offset)
    while some := list(islice(lines, _LINES)):
        metrics: list[Metric] = []
        for _, record in some:
            if record.get("kind") == "epoch" and (at := _count(record, "epoch") + 1) > epoch:
                epoch = at
                metrics += _metrics(record, "", at)
            elif record.get("kind") == "batch" and (at := _count(record, "global_step")) > step:
                step = at
                metrics += _metrics(record, "batch/", at)
        yield NewMetrics(metrics, some[-1][0], epoch, step)


def _lines(file: Path, offset: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the records of the metrics' whole lines from a byte on, each with the byte that follows it."""
    try:
        if file.stat().st_size < offset:  # another file
            offset = 0
        added = read_file(file, _LARGEST_BYTES, offset)
    except (MissingFileError, FileNotFoundError):
        return
    except FileError as error:
        raise RunError(f"run {file.parent.name}: {file.name} cannot be read ({error})") from None
    for line in added[: added.rfind(b"\n") + 1].splitlines(keepends=True):
        offset += len(line)
        try:
            found = parse_json(line)
        except FileError:  # torn when its writer was killed
            found = None
        yield offset, found if isinstance(found, dict) else {}


def _count(record: dict[str, Any], name: str) -> int:
    value = record.get(name)
    return value if isinstance(value, int) and 0 <= value < 2**31 else -1


def _metrics(record: dict[str, Any], before: str, step: int) -> list[Metric]:
    moment = record.get("time")
    milliseconds = int(1000 * moment) if isinstance(moment, int | float) and 0 <= moment <= 1e11 else 0
    return [
        Metric(f"{before}{name}", float(value), milliseconds, step)
        for name, value in record.items()
        if name not in _NO_METRIC and isinstance(value, int | float)
    ]
