"""Following a run on the terminal until it ends."""

from __future__ import annotations

import time

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from allcore.cli.kit.output import terminal
from allcore.number_text import duration, per_cent, speed
from allcore.runs.execution.choose_executor import executor_of
from allcore.runs.execution.lease import waiting
from allcore.runs.folder.history import History, HistoryReader
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import Status
from allcore.runs.folder.store import Run
from allcore.text import printable
from allcore.workspace import Workspace

_POLL_SECONDS = 0.5


def follow(run: Run, workspace: Workspace) -> Status:
    """Show a progress bar and a line an epoch until the run ends, and return its last status."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[detail]}"))
    reader = HistoryReader(run.folder)
    shown = 0
    with Progress(*columns, console=terminal(), transient=True, disable=not terminal().is_terminal) as progress:
        bar = progress.add_task(printable(run.id), total=None, detail="")
        while True:
            status = executor_of(run, workspace).state(run)
            history = reader.read()
            for _, row in history.epochs.iloc[shown:].iterrows():
                progress.console.print(
                    f"epoch {int(row['epoch']) + 1}/{status.epochs}  loss {row['loss']:.4f}  "
                    f"accuracy {per_cent(row['accuracy'])}  validation loss {row['validation_loss']:.4f}  "
                    f"validation accuracy {per_cent(row['validation_accuracy'])}  "
                    f"{speed(row['images_per_second'])} images/s  {duration(row['seconds'])}",
                    soft_wrap=True,
                )
            shown = max(shown, len(history.epochs))
            if status.state not in ACTIVE:
                return status
            _move(progress, bar, run, status, history)
            time.sleep(_POLL_SECONDS)


def _move(progress: Progress, bar: TaskID, run: Run, status: Status, history: History) -> None:
    if status.state == "queued":
        if status.pid is None and status.phase:  # with a scheduler, which has a queue of its own
            progress.update(bar, detail=status.phase)
            return
        before = waiting(run.folder.parent).get(run.id)
        queue = f", {before} ahead of it" if before else ""
        progress.update(bar, detail=f"{status.phase or 'starting'}{queue}")
        return
    progress.update(
        bar,
        description=f"epoch {min(status.epoch + 1, status.epochs)}/{status.epochs}",
        completed=status.epoch * status.steps_per_epoch + status.step,
        total=status.epochs * status.steps_per_epoch or None,
        detail=status.phase if status.eta_seconds is None else _numbers(status, history),
    )


def _numbers(status: Status, history: History) -> str:
    text = ""
    for _, row in history.batches.tail(1).iterrows():
        text += f"loss {row['loss']:.4f}  accuracy {per_cent(row['accuracy'])}  "
    if status.images_per_second is not None:
        text += f"{speed(status.images_per_second)} images/s  "
    return f"{text}ETA {duration(status.eta_seconds)}  {status.phase}"
