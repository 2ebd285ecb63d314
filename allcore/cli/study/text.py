"""How a study's plan, grid and scores are printed. In JSON the key of a setting is `cell`, as scripts know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allcore.cli.kit.output import json_rows, say, table
from allcore.data.known_images import OF_DRAWN
from allcore.number_text import duration, memory, per_cent, percentage
from allcore.text import counted

if TYPE_CHECKING:
    from allcore.studies.estimate import StudyEstimate
    from allcore.studies.findings import StudyFindings
    from allcore.studies.grid import Grid
    from allcore.studies.plan import StudyPlan
    from allcore.studies.store import Study
    from allcore.workspace import Workspace


def say_plan(plan: StudyPlan, estimated: StudyEstimate) -> None:
    """Say on standard error what a study will take."""
    axes = [f"{len(values)} of {path}" for path, values in plan.vary.items()]
    axes += [counted(len(plan.folds), "fold")] if plan.folds else []
    axes += [counted(len(plan.seeds), "seed")]
    say(f"study {plan.name}: {counted(plan.members, 'run')} ({' x '.join(axes)})", err=True)
    for setting, each, members in estimated.settings:
        known = "not known; --measure tells" if each.total_seconds is None else f"{duration(each.total_seconds)} each"
        say(f"  {setting or 'all alike'}: {counted(members, 'run')}, time {known}", err=True)
    total = estimated.total_seconds
    in_all = "not known in all" if total is None else f"about {duration(total)} in all"
    at_a_time = "one run after another" if estimated.at_once == 1 else f"{estimated.at_once} runs at a time"
    say(
        f"time {in_all}, {at_a_time}; disk about {memory(estimated.kept_bytes)} kept, "
        f"{memory(estimated.needed_bytes)} at the most, of {memory(estimated.free_bytes)} that are free",
        err=True,
    )
    for warning in estimated.warnings:
        say(f"warning: {warning}", err=True)
    if not estimated.fits:
        say("there is not enough room on the disk for it: make some, or give --no-keep-models", err=True)


def plan_json(plan: StudyPlan, estimated: StudyEstimate) -> dict[str, Any]:
    """Return a study's places and what it will take as JSON values."""
    settings = [
        {"cell": setting, "members": members, "seconds_each": each.total_seconds}
        for setting, each, members in estimated.settings
    ]
    return {
        "study": plan.name, "members": plan.members, "places": [place.name for place in plan.places],
        "cells": settings,
        "at_once": estimated.at_once, "total_seconds": estimated.total_seconds, "kept_bytes": estimated.kept_bytes,
        "needed_bytes": estimated.needed_bytes, "free_bytes": estimated.free_bytes,
        "warnings": list(estimated.warnings),
    }  # fmt: skip


def grid_json(grid: Grid, study: Study, workspace: Workspace) -> dict[str, Any]:
    """Return the state of a study and of every member, and what those that succeeded say, as JSON values."""
    from allcore.studies.grid import grid_table

    return {
        "study": grid.study, "state": grid.state, "phase": grid.phase, "error": grid.error,
        "progress": grid.progress, "eta_seconds": grid.eta_seconds, "counts": dict(grid.counts),
        "members": json_rows(grid_table(grid).rename(columns={"setting": "cell"})), **_scored(study, workspace),
    }  # fmt: skip


def _scored(study: Study, workspace: Workspace) -> dict[str, Any]:
    """Return what the members that have succeeded say, and baselines and probes as far as they are computed."""
    from allcore.runs.folder.store import RunStore
    from allcore.studies.baselines import baseline_members
    from allcore.studies.findings import baseline_scores
    from allcore.studies.probes import setting_probes
    from allcore.studies.results import finished_members, setting_scores

    plan, cache = study.plan(), workspace.cache
    finished = finished_members(plan, study.members(RunStore(workspace.runs).runs()))
    baselines = baseline_scores(plan, baseline_members(plan, finished, cache), cache)
    return {
        "cells": [each.model_dump(mode="json") for each in setting_scores(plan, finished, cache)],
        "baselines": [baseline.model_dump(mode="json") for baseline in baselines],
        "probes": [probed.model_dump(mode="json") for probed in setting_probes(plan, finished, cache)],
    }


def say_grid(grid: Grid) -> None:
    """Print the state of every member, and the time that is left for all of them."""
    from allcore.runs.folder.states import in_words
    from allcore.studies.grid import grid_table

    say(grid.study, bold=True)
    counts = ", ".join(f"{count} {in_words(state)}" for state, count in grid.counts.items())
    left = f", ETA {duration(grid.eta_seconds)}" if grid.is_active else ""
    say(f"{in_words(grid.state)}: {counts}; {per_cent(grid.progress)} done{left}")
    if grid.error:
        say(grid.error)
    say()
    table(
        ["place", "state", "#done %", "#best validation %", "#time", "run", "what went wrong"],
        [
            (
                row["place"], in_words(row["state"]), percentage(row["progress"]),
                percentage(row["best_validation_accuracy"]), duration(row["seconds"]), row["run"], row["note"],
            )
            for row in json_rows(grid_table(grid))
        ],
    )  # fmt: skip


def say_findings(found: StudyFindings) -> None:
    """Print what a study found: the answer in words, then each table of its report."""
    from allcore.reporting.studies import tables
    from allcore.reporting.studies.wording import (
        best_in_words,
        probes_in_words,
        progress_in_words,
        setting_names,
        shortcuts_in_words,
        verdicts_in_words,
    )

    names = setting_names(found.plan)
    say(found.name, bold=True)
    said = [best_in_words(found), *verdicts_in_words(found.differences, names), shortcuts_in_words(found)]
    said += [probes_in_words(probed, names[probed.setting]) for probed in found.probes]
    for sentence in filter(None, [*said, OF_DRAWN if found.are_drawn else "", progress_in_words(found)]):
        say(sentence)
    shown = [tables.study_settings_table(found)]
    shown += [tables.scores_table(each, names[each.setting]) for each in found.settings if each.succeeded]
    shown += [tables.differences_table(found.differences, found)] if found.differences else []
    of_folds = tables.folds_table(found)
    shown += [] if of_folds is None else [of_folds]
    shown += [tables.methods_table(found)] if found.baselines else []
    shown += [tables.probes_table(found)] if found.probes else []
    for each in shown:
        say(f"\n{each.caption}")
        table(each.columns, each.rows)
