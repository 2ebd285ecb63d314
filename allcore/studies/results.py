"""What a study says: every image's prediction by a member that had not seen it, and scores with their spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from allcore.errors import RunError
from allcore.evaluation.comparing.repeated import Spread, spread
from allcore.evaluation.predictions.cached_scores import cached_scores
from allcore.evaluation.predictions.recorded import RecordedPredictions, recorded_predictions
from allcore.evaluation.scoring.score_table import score_table
from allcore.evaluation.scoring.scores import SCALAR_METRICS, Interval
from allcore.runs.folder.store import Run, has_succeeded
from allcore.studies.costs import training_costs
from allcore.studies.plan import Place, StudyPlan


class SettingScores(BaseModel):
    """One combination of the varied fields' values: `succeeded` of its `members`, and the scores of their test images.

    `spreads` has mean and standard deviations over folds and seeds of each score (fraction), one value a member;
    `pooled` the score of all their test images taken together, with its 95 % interval by `interval_method`, and
    `confusion_matrix` counts those images, rows true and columns predicted, in the order of `classes`.
    `training_seconds` are the median over members, `memory_bytes` the most that one took in training, `parameters` the
    network's weights, `latency_seconds` one image through a served model where that was measured. All are empty or None
    while no member has succeeded, and the costs None of what is no network.
    """

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)

    setting: str = Field(serialization_alias="cell")  # as scripts that read `--json` know it
    members: int
    succeeded: int
    images: int
    spreads: dict[str, Spread]
    pooled: dict[str, float | None]
    intervals: dict[str, Interval]
    interval_method: str = ""
    classes: tuple[str, ...] = ()
    confusion_matrix: tuple[tuple[int, ...], ...] = ()
    training_seconds: float | None = None
    memory_bytes: int | None = None
    parameters: int | None = None
    latency_seconds: float | None = None


@dataclass(frozen=True)
class FinishedMember:
    """A member that has succeeded, and its predictions for its test images."""

    place: Place
    run: Run
    predictions: RecordedPredictions


def finished_members(plan: StudyPlan, members: Mapping[str, Run]) -> list[FinishedMember]:
    """Return the members that have succeeded, in the order of their places. Raises `RunError` for a damaged one."""
    found = []
    for place in plan.places:
        run = members.get(place.name)
        if run is not None and has_succeeded(run):
            found.append(FinishedMember(place, run, recorded_predictions(run, "test")))
    return found


def setting_scores(plan: StudyPlan, finished: list[FinishedMember], cache: Path | None = None) -> list[SettingScores]:
    """Return the scores of each setting of a study, in the plan's order; what they take long for is kept in `cache`."""
    scored = []
    for setting in plan.settings:
        of_setting = [each for each in finished if each.place.setting == setting]
        scored.append(
            scores_of(plan, setting, of_setting, cache).model_copy(
                update=training_costs([each.run for each in of_setting])
            )
        )
    return scored


def scores_of(
    plan: StudyPlan, setting: str, finished: list[FinishedMember], cache: Path | None = None
) -> SettingScores:
    """Return the scores of what was tested, called `setting`; `cache` is as in `setting_scores`."""
    common = {"setting": setting, "members": plan.members // len(plan.settings), "succeeded": len(finished)}
    if not finished:
        return SettingScores(**common, images=0, spreads={}, pooled={}, intervals={})
    pooled = _pooled(finished)
    scores = cached_scores(pooled, cache)
    return SettingScores(
        **common,
        images=pooled.table["path"].nunique(),
        spreads={
            name: spread(values) for name, values in _by_member(plan, finished).items() if not np.isnan(values).all()
        },
        pooled={name: getattr(scores, name) for name in SCALAR_METRICS},
        intervals={name: scores.intervals[name] for name in SCALAR_METRICS if name in scores.intervals},
        interval_method=scores.interval_method,
        classes=pooled.classes,
        confusion_matrix=tuple(map(tuple, scores.confusion_matrix)),
    )


def by_part(plan: StudyPlan, values: Mapping[tuple[int, int | None], float | None]) -> np.ndarray:
    """Return what was measured on some seeds and folds as a table (seeds, folds), nan where nothing was."""
    rows = {seed: row for row, seed in enumerate(plan.seeds)}
    columns = {fold: column for column, fold in enumerate(plan.folds or (None,))}
    table = np.full((len(rows), len(columns)), np.nan)
    for (seed, fold), value in values.items():
        table[rows[seed], columns[fold]] = np.nan if value is None else value
    return table


def out_of_fold(finished: list[FinishedMember], setting: str, seed: int) -> RecordedPredictions:
    """Return the test predictions of a setting's members of one seed as one table, with columns run and fold beside.

    With all folds, every image stands there once, predicted by a network that had not seen it. Raises `RunError` when
    no such member has succeeded or an image was tested twice.
    """
    of_seed = [each for each in finished if (each.place.setting, each.place.seed) == (setting, seed)]
    if not of_seed:
        raise RunError(f"no member of {setting or 'the study'} with seed {seed} has succeeded yet")
    pooled = _pooled(of_seed)
    if (twice := pooled.table["path"].duplicated()).any():
        path = pooled.table.loc[twice, "path"].iloc[0]
        runs = " and ".join(pooled.table.loc[pooled.table["path"] == path, "run"])
        raise RunError(
            f"{path} was tested twice, by runs {runs}: the members' splits do not fit, as images or groups were "
            "changed meanwhile; delete the runs that divide other images than there are now, and resume the study"
        )
    return pooled


def _pooled(members: list[FinishedMember]) -> RecordedPredictions:
    classes = members[0].predictions.classes
    if any(each.predictions.classes != classes for each in members):
        raise RunError("the members of the study do not have the same classes; were their images changed meanwhile?")
    tables = [
        each.predictions.table.assign(run=each.run.id, fold=each.place.fold or 1, seed=each.place.seed)
        for each in members
    ]
    return RecordedPredictions(classes, pd.concat(tables, ignore_index=True))


def _by_member(plan: StudyPlan, finished: list[FinishedMember]) -> dict[str, np.ndarray]:
    """Return each score as a table (seeds, folds), nan where a member has not succeeded."""
    scored = {}
    for each in finished:
        p = each.predictions
        scored[each.place.seed, each.place.fold] = score_table(p.labels, p.probabilities, np.ones(len(p.table)))
    return {
        name: by_part(plan, {part: float(table[name]) for part, table in scored.items()}) for name in SCALAR_METRICS
    }
