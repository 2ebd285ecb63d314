"""Asking many runs to stop at one moment: whoever asks waits for a scheduler, and several do so together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from threading import Thread

from allcore.errors import RunError
from allcore.runs.execution.choose_executor import executor_of
from allcore.runs.execution.launch_many import launch_all
from allcore.runs.folder.store import Run
from allcore.workspace import Workspace


def stop_all_in_background(
    runs: Iterable[Run], workspace: Workspace, before_each: Callable[[], object] = lambda: None
) -> list[Thread]:
    """Ask the runs to stop, and return the threads that go on until each has ended; a run that has is left out."""
    threads: list[Thread] = []

    def ask(run: Run) -> None:
        before_each()
        with suppress(RunError):  # it has ended meanwhile
            threads.append(executor_of(run, workspace).stop_in_background(run))

    launch_all([partial(ask, run) for run in runs])
    return threads
