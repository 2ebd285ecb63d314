"""Asking the schedulers that have runs of a workspace; what carries runs out is imported only where one has."""

from __future__ import annotations

from typing import Final

from allcore.runs.execution.asked_lately import asked_lately, jobs_folder
from allcore.workspace import Workspace

SCHEDULERS: Final = ("slurm", "ray")


def ask_schedulers(workspace: Workspace) -> None:
    """Have the word recorded of each scheduler that has a run, whichever carries out new ones, as `Executor.look` does.

    Where none has any, or was asked a moment ago, nothing but two folders is looked into.
    """
    for name in SCHEDULERS:
        jobs = jobs_folder(workspace.runs, name)
        if next(jobs.glob("*"), None) is not None and not asked_lately(jobs):
            from allcore.runs.execution.choose_executor import executor_named

            executor_named(name, workspace).look()
