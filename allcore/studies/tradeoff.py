"""A study as a trade-off: what each setting is worth and costs, and which differ, as one record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.evaluation.tradeoff.points import TradeoffPoint, point_names
from allcore.evaluation.tradeoff.record import TradeoffRecord, record_tradeoff
from allcore.runs.folder.store import Run
from allcore.studies.baselines import baseline_members, baseline_of, divides_alike
from allcore.studies.between_settings import compare_settings
from allcore.studies.findings import MARGIN, baseline_scores
from allcore.studies.out_of_fold import comparable_runs, folder_name, model_of, out_of_fold_name
from allcore.studies.plan import StudyPlan
from allcore.studies.recipe import study_command
from allcore.studies.results import finished_members
from allcore.studies.store import Study


def study_tradeoff(
    study: Study, plan: StudyPlan, members: Mapping[str, Run], runs: Path, cache: Path, *, timed: bool
) -> TradeoffRecord:
    """Return the record of a study with folds: a point is a setting's out-of-fold predictions of one seed.

    Settings are compared over all folds and seeds within a margin of one point; shortcuts are scored on all test
    images, as the points are. `runs` is the folder of all runs, `timed` as in `record_tradeoff`. Raises `RunError` when
    a member is damaged, or none has succeeded.
    """
    record = record_tradeoff(comparable_runs(study, plan, members), cache, partial(model_of, runs=runs), timed=timed)
    return record.model_copy(
        update={
            "commands": (study_command(plan),),
            "differences": study_differences(plan, members, record.points),
            "shortcuts": study_shortcuts(plan, members, cache),
        }
    )


def study_differences(
    plan: StudyPlan, members: Mapping[str, Run], points: tuple[TradeoffPoint, ...]
) -> tuple[SettingDifference, ...]:
    """Return how every two settings of a study compare, called as a trade-off calls the points of the first seed."""
    runs = {setting: folder_name(out_of_fold_name(setting, plan.seeds[0])) for setting in plan.settings}
    called = point_names([point for point in points if point.run in runs.values()])
    names = {setting: called.get(run, setting) for setting, run in runs.items()}
    found = compare_settings(plan, finished_members(plan, members), MARGIN)
    return tuple(each.model_copy(update={"first": names[each.first], "second": names[each.second]}) for each in found)


def study_shortcuts(plan: StudyPlan, members: Mapping[str, Run], cache: Path) -> dict[str, float] | None:
    """Return the accuracy of each shortcut over all test images of a study, by name.

    None while they are not computed, or where the study's settings divide the images in several ways.
    """
    if not divides_alike(plan):
        return None
    beside = baseline_members(plan, finished_members(plan, members), cache)
    scores = baseline_scores(plan, beside, cache)
    return {
        each.setting: each.pooled["accuracy"] or 0.0 for each in scores if not baseline_of(each.setting).sees_cells
    } or None
