"""Deleting a study: its plan and its results go; its runs stay as ordinary runs, or go as well."""

from __future__ import annotations

from allcore.errors import RunError
from allcore.runs.folder.store import Run, RunStore, is_in_use
from allcore.runs.folder.trash import delete_folder
from allcore.studies.launch import is_carried_out
from allcore.studies.store import Study
from allcore.workspace import Workspace


def runs_of(study: Study, workspace: Workspace) -> list[Run]:
    """Return all runs that were made for a study, newest first, also those that are no members any more."""
    return [run for _, run in study.runs_at_places(RunStore(workspace.runs).runs())]


def check_at_rest(study: Study, runs: list[Run]) -> None:
    """Raise `RunError` where a study is gone, is carried out, or one of its `runs` goes on."""
    if not study.folder.is_dir():
        raise RunError(f"study {study.name} was deleted meanwhile")
    if is_carried_out(study):
        raise RunError(f"study {study.name} is being carried out; stop it before deleting it")
    if active := [run.id for run in runs if is_in_use(run)]:
        raise RunError(f"run {active[0]} of study {study.name} goes on; stop the study before deleting it")


def delete_study(study: Study, workspace: Workspace, *, with_runs: bool = False) -> None:
    """Remove a study's folder, and before it, `with_runs`, those of its runs.

    Raises `RunError` while it is active, and when the disk refuses; the study is then there, and can be deleted again.
    """
    runs = runs_of(study, workspace)
    check_at_rest(study, runs)
    for run in runs if with_runs else []:
        RunStore(workspace.runs).delete(run)
    check_at_rest(study, [])
    delete_folder(study.folder, f"study {study.name}")
