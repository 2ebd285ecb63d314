"""The run's readable log: what was decided, how epochs went, what was warned of. What libraries print is elsewhere."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from allcore.number_text import decimal, duration, per_cent
from allcore.runs.folder.files import LOG_FILE
from allcore.runs.folder.status import SAVING, TRAINING, VALIDATING, Status
from allcore.writing import append_lines


def timestamped(text: str) -> str:
    """Return a text as one line of the log, with the local time before it."""
    return f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}  {' '.join(text.split())}"


def append_to_log(folder: Path, text: str) -> None:
    """Append one line at once; a disk that refuses loses it, but not the status, which says the same."""
    with suppress(OSError):
        append_lines(folder / LOG_FILE, [timestamped(text)])


def status_changes(before: Status, after: Status) -> list[str]:
    """Return what a change of the status says to a reader: the device, the phase, warnings, the served epoch."""
    said = [f"warning: {warning}" for warning in after.warnings if warning not in before.warnings]
    if after.device != before.device:
        said.append(f"on {after.device}")
    if _phase(after) not in ("", _phase(before)):
        said.append(_phase(after))
    if after.served_epoch is not None and after.served_epoch != before.served_epoch:
        said.append(f"the weights of epoch {after.served_epoch + 1} are served")
    return said


def record_line(record: dict[str, Any]) -> str | None:
    """Return what a record of the metrics says to a reader; None for a batch's."""
    if record["kind"] == "segment":
        return f"goes on from epoch {record['epoch'] + 1}, step {record['step']}"
    if record["kind"] != "epoch":
        return None
    return (
        f"epoch {record['epoch'] + 1}: loss {record['loss']:.4f}, accuracy {per_cent(record['accuracy'])}; "
        f"validation loss {record['validation_loss']:.4f}, accuracy {per_cent(record['validation_accuracy'])}; "
        f"learning rate {record['learning_rate']:.3g}, {decimal(record['images_per_second'], 1)} images/s, "
        f"{duration(record['seconds'])}"
    )


def _phase(status: Status) -> str:
    """Return the phase without its counts; validating, and saving where it goes on after that, belong to training."""
    phase = status.phase.split(",")[0]
    between = phase == VALIDATING or (phase == SAVING and status.state == "running")
    return TRAINING if between else phase
