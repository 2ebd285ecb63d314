"""What a study says: every image's prediction by a member that had not seen it, and scores with their spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from allcore.errors import RunError
from allcore.evaluation.comparing.repeated import Spread, spread
from allcore.evaluation.predictions.recorded import RecordedPredictions, recorded_predictions
from allcore.evaluation.scoring.scores import SCALAR_METRICS, Interval, score_table
from allcore.runs.store import Run
from allcore.studies.plan import Place, StudyPlan


class CellScores(BaseModel):
    """One combination of the varied settings: `succeeded` of its `members`, and the scores of their test images.

    `spreads` has mean and standard deviations over folds and seeds of each score (fraction), one value a member;
    `pooled` the score of all their test images taken together, with its 95 % interval, groups drawn whole.
    `training_seconds` are the mean over members. All are empty or None while no member has succeeded.
    """

    model_config = ConfigDict(frozen=True)

    cell: str
    members: int
    succeeded: int
    images: int
    spreads: dict[str, Spread]
    pooled: dict[str, float | None]
    intervals: dict[str, Interval]
    training_seconds: float | None


@dataclass(frozen=True)
class Finished:
    """A member that has succeeded, and its predictions for its test images."""

    place: Place
    run: Run
    predictions: RecordedPredictions


def finished_members(plan: StudyPlan, members: Mapping[str, Run]) -> list[Finished]:
    """Return the members that have succeeded, in the order of their places. Raises `RunError` for a damaged one."""
    found = []
    for place in plan.places:
        run = members.get(place.name)
        if run is not None and _has_succeeded(run):
            found.append(Finished(place, run, recorded_predictions(run, "test")))
    return found


def cell_scores(plan: StudyPlan, finished: list[Finished]) -> list[CellScores]:
    """Return the scores of each cell of a study, in the plan's order."""
    return [_scores_of(plan, cell, [each for each in finished if each.place.cell == cell]) for cell in plan.cells]


def out_of_fold(finished: list[Finished], cell: str, seed: int) -> RecordedPredictions:
    """Return the test predictions of a cell's members of one seed as one table, with columns run and fold beside.

    With all folds, every image stands there once, predicted by a network that had not seen it. Raises `RunError` when
    no such member has succeeded or an image was tested twice.
    """
    of_seed = [each for each in finished if (each.place.cell, each.place.seed) == (cell, seed)]
    if not of_seed:
        raise RunError(f"no member of {cell or 'the study'} with seed {seed} has succeeded yet")
    pooled = _pooled(of_seed)
    if (twice := pooled.table["path"].duplicated()).any():
        raise RunError(f"{pooled.table.loc[twice, 'path'].iloc[0]} was tested twice: the members' splits do not fit")
    return pooled


def _pooled(members: list[Finished]) -> RecordedPredictions:
    classes = members[0].predictions.classes
    if any(each.predictions.classes != classes for each in members):
        raise RunError("the members of the study do not have the same classes; were their images changed meanwhile?")
    tables = [
        each.predictions.table.assign(run=each.run.id, fold=each.place.fold or 1, seed=each.place.seed)
        for each in members
    ]
    return RecordedPredictions(classes, pd.concat(tables, ignore_index=True))


def _scores_of(plan: StudyPlan, cell: str, finished: list[Finished]) -> CellScores:
    members = plan.members // len(plan.cells)
    common = {"cell": cell, "members": members, "succeeded": len(finished)}
    if not finished:
        return CellScores(**common, images=0, spreads={}, pooled={}, intervals={}, training_seconds=None)
    pooled = _pooled(finished)
    scores = pooled.score()
    by_member = _by_member(plan, finished)
    seconds = [float(each.run.history().epochs["seconds"].sum()) for each in finished]
    return CellScores(
        **common,
        images=pooled.table["path"].nunique(),
        spreads={name: spread(values) for name, values in by_member.items() if not np.isnan(values).all()},
        pooled={name: getattr(scores, name) for name in SCALAR_METRICS},
        intervals={name: scores.intervals[name] for name in SCALAR_METRICS if name in scores.intervals},
        training_seconds=float(np.mean(seconds)),
    )


def _by_member(plan: StudyPlan, finished: list[Finished]) -> dict[str, np.ndarray]:
    """Return each score as a table (seeds, folds), nan where a member has not succeeded."""
    rows = {seed: row for row, seed in enumerate(plan.seeds)}
    columns = {fold: column for column, fold in enumerate(plan.folds or (None,))}
    values = {name: np.full((len(rows), len(columns)), np.nan) for name in SCALAR_METRICS}
    for each in finished:
        p = each.predictions
        table = score_table(p.labels, p.probabilities, np.ones(len(p.table)))
        for name in SCALAR_METRICS:
            values[name][rows[each.place.seed], columns[each.place.fold]] = float(table[name])
    return values


def _has_succeeded(run: Run) -> bool:
    try:
        return run.status().state == "succeeded"
    except RunError:
        return False
