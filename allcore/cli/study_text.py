"""How a study's plan, grid and scores are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allcore.cli.output import json_rows, say, table
from allcore.reporting.number_text import duration, memory, percentage

if TYPE_CHECKING:
    from allcore.studies.estimate import StudyEstimate
    from allcore.studies.grid import Grid
    from allcore.studies.plan import StudyPlan
    from allcore.studies.results import CellScores
    from allcore.studies.versus import CellDifference

_ERRORS = ("ece", "brier", "log_loss")


def say_plan(plan: StudyPlan, estimated: StudyEstimate) -> None:
    """Say on standard error what a study will take."""
    axes = [f"{len(values)} of {path}" for path, values in plan.vary.items()]
    axes += [f"{len(plan.folds)} folds"] if plan.folds else []
    say(f"study {plan.name}: {plan.members} runs ({' x '.join([*axes, f'{len(plan.seeds)} seeds'])})", err=True)
    for cell, each, members in estimated.cells:
        known = "not known; --measure tells" if each.total_seconds is None else f"{duration(each.total_seconds)} each"
        say(f"  {cell or 'all alike'}: {members} runs, time {known}", err=True)
    total = estimated.total_seconds
    in_all = "not known in all" if total is None else f"about {duration(total)} in all"
    say(
        f"time {in_all}, one run after another; disk about {memory(estimated.kept_bytes)} kept, "
        f"{memory(estimated.needed_bytes)} at the most, of {memory(estimated.free_bytes)} that are free",
        err=True,
    )
    if not estimated.fits:
        say("the disk has not room for it: make some, or give --no-keep-models", err=True)


def plan_json(plan: StudyPlan, estimated: StudyEstimate) -> dict[str, Any]:
    """Return a study's places and what it will take as JSON values."""
    cells = [
        {"cell": cell, "members": members, "seconds_each": each.total_seconds}
        for cell, each, members in estimated.cells
    ]
    return {
        "study": plan.name, "members": plan.members, "places": [place.name for place in plan.places], "cells": cells,
        "total_seconds": estimated.total_seconds, "kept_bytes": estimated.kept_bytes,
        "needed_bytes": estimated.needed_bytes, "free_bytes": estimated.free_bytes,
    }  # fmt: skip


def say_grid(grid: Grid) -> None:
    """Print the state of every member, and the time that is left for all of them."""
    from allcore.studies.grid import grid_table

    say(grid.study, bold=True)
    counts = ", ".join(f"{count} {state}" for state, count in grid.counts.items())
    left = f", ETA {duration(grid.eta_seconds)}" if grid.is_active else ""
    say(f"{grid.state}: {counts}; {percentage(grid.progress)} % done{left}")
    if grid.error:
        say(grid.error)
    say()
    table(
        ["place", "state", "#done %", "#best validation %", "#time", "run", "note"],
        [
            (
                row["place"], row["state"], percentage(row["progress"]), percentage(row["best_validation_accuracy"]),
                duration(row["seconds"]), row["run"], row["note"],
            )
            for row in json_rows(grid_table(grid))
        ],
    )  # fmt: skip


def say_scores(cell: CellScores) -> None:
    """Print the scores of a cell with their spread and their intervals."""
    say(f"\n{cell.cell or 'all members alike'}: {cell.succeeded} of {cell.members} members, {cell.images} images")
    if not cell.succeeded:
        return
    if cell.training_seconds is not None:
        say(f"training {duration(cell.training_seconds)} a member")
    rows = [
        (
            name, *(_number(name, value) for value in (each.mean, each.sd_folds, each.sd_seeds, cell.pooled[name])),
            _ends(name, cell.intervals.get(name)),
        )
        for name, each in cell.spreads.items()
    ]  # fmt: skip
    table(["score (%)", "#mean", "#SD, folds", "#SD, seeds", "#pooled", "#95 % interval"], rows)


def say_differences(differences: list[CellDifference]) -> None:
    """Print, for every two cells of a study, how far their accuracies are apart and what may be concluded."""
    if not differences:
        return
    margin = 100 * differences[0].margin
    say(f"\naccuracy, first minus second, on the same images; {margin:g} points apart count as the same")
    table(
        ["first", "second", "#points", "#95 %, these networks", "#95 %, trained anew", "#p", "verdict"],
        [
            (
                each.first, each.second, f"{100 * each.difference:+.2f}", _points(*each.interval),
                _points(each.repeated.low, each.repeated.high) if each.repeated else "–", f"{each.p:.3f}", each.verdict,
            )
            for each in differences
        ],
    )  # fmt: skip


def _points(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{100 * low:+.2f} – {100 * high:+.2f}"


def _number(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if name in _ERRORS else percentage(value)


def _ends(name: str, interval: tuple[float | None, float | None] | None) -> str:
    low, high = interval or (None, None)
    return f"{_number(name, low)} – {_number(name, high)}"
