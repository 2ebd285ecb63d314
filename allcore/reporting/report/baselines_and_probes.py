"""What was computed of a run beside its own scores, where the cache holds it: shortcut baselines and probes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from allcore.errors import InputError
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.probes.probing import ProbeReport, cached_report, probe_model
from allcore.evaluation.probes.subject import subject_of_run
from allcore.evaluation.shortcuts import cached_shortcuts_of_run, shortcut_scores_of_run
from allcore.evaluation.shortcuts.against_shortcuts import against_shortcuts
from allcore.progress import Progress
from allcore.runs.folder.store import Run
from allcore.workspace import Workspace


def complete(run: Run, workspace: Workspace, on_progress: Progress | None = None) -> None:
    """Compute what is missing of a run's shortcut baselines and probes, so that its report has them.

    `on_progress` hears of work done and in all, first of the baselines. Raises `InputError` when an image of the run is
    gone or has changed, or the run is damaged.
    """
    shortcut_scores_of_run(run, workspace.cache, on_progress)
    probe_model(subject_of_run(run), workspace.cache, on_progress)


def how_to_complete(run_id: str) -> str:
    """Return the command that computes what a run's report lacks."""
    return f"python -m allcore report {run_id} --complete"


def cached_baselines(run: Run, test: RecordedPredictions, workspace: Workspace) -> pd.DataFrame | None:
    """Return what `against_shortcuts` says of the run's test predictions; None while a baseline is not computed."""
    results = cached_shortcuts_of_run(run, workspace.cache)
    return None if results is None else against_shortcuts(test, results)


def cached_probes(run: Run, workspace: Workspace) -> ProbeReport | None:
    """Return the probes of the run's model that are computed, None while there are none.

    Files that kept a probe from being made are named without where they lie.
    """
    try:
        report = cached_report(subject_of_run(run), workspace.cache)
    except (InputError, OSError):  # no model, or none that can be read: there is nothing to probe
        return None
    if report is None:
        return None
    dataset = Path(run.config.dataset)
    results = (
        result.model_copy(update={"skipped": result.skipped.replace(f"{dataset.parent}/", "")})
        for result in report.results
    )
    return report.model_copy(update={"results": tuple(results)})
