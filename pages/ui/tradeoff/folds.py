"""A study with folds: its out-of-fold predictions, how its settings differ, and what shortcuts reach on its images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from allcore.errors import InputError
from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.evaluation.tradeoff.points import TradeoffPoint
from allcore.result_cache import cached_version
from allcore.runs.folder.store import Run
from allcore.studies.baselines import divides_alike
from allcore.studies.out_of_fold import UnwrittenError, comparable_runs
from allcore.studies.plan import StudyPlan
from allcore.studies.store import Study
from allcore.studies.tradeoff import study_differences, study_shortcuts
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui.known.runs import runs
from pages.ui.known.studies import plan_of, studies
from pages.ui.tradeoff.pairs import MOST_COMPARED


def comparable(name: str, succeeded: list[Run]) -> list[Run]:
    """Return the runs of a name that has succeeded runs; of a study with folds, its out-of-fold predictions."""
    for study in studies():
        if study.name == name and succeeded:
            try:
                return _comparable(study, plan_of(study), study.members(succeeded))
            except InputError as error:
                st.warning(for_page(str(error)), title="The folds cannot be put together")
    return succeeded


def differences_of_settings(
    name: str, succeeded: Sequence[Run], points: list[TradeoffPoint]
) -> tuple[SettingDifference, ...]:
    """Return how the settings of a study with folds compare, whose points those are; none where they are too many."""
    return _differences(name, _ids(succeeded), points)


def shortcuts_of_folds(name: str, succeeded: Sequence[Run]) -> dict[str, float] | None:
    """Return the shortcuts' accuracies on a study with folds; None, and why on the page, where there are none."""
    accuracies, alike = _shortcuts(name, _ids(succeeded), cached_version(open_workspace().cache, "shortcuts"))
    if accuracies is None and alike:
        st.caption("The shortcut baselines of this study are not computed yet; Runs offers to, once its runs are over.")
        st.page_link(
            "pages/runs.py", label="Compute them on Runs", icon=":material/palette:", query_params={"study": name}
        )
    elif accuracies is None:
        st.caption("These settings divide the images in several ways, so no shortcut baseline is of all of them.")
    return accuracies


def _comparable(study: Study, plan: StudyPlan, members: dict[str, Run]) -> list[Run]:
    """Return what of a study can be compared, in another folder where the study's own refuses to keep it."""
    try:
        return comparable_runs(study, plan, members)
    except UnwrittenError as error:
        try:
            room = Path(_room(str(study.folder)).name)
        except OSError:
            raise error from None
        found = comparable_runs(replace(study, folder=room / study.name), plan, members)
        said = f"{error}. They are compared all the same, and are kept once they can be written."
        st.warning(for_page(said), title="The out-of-fold predictions are not kept")
        return found


@st.cache_resource(max_entries=1000, show_spinner=False)
def _room(study: str) -> TemporaryDirectory[str]:
    """Return a folder, as long as it is kept here, for what a study's own cannot take."""
    return TemporaryDirectory()


@st.cache_data(max_entries=20, show_spinner="Comparing the settings …")
def _differences(name: str, members: tuple[str, ...], _points: list[TradeoffPoint]) -> tuple[SettingDifference, ...]:
    """Return how the settings compare; `members` are the ids of the runs that have succeeded."""
    plan, found = _of_study(name, members)
    settings = {place.setting for place in plan.places if place.name in found}
    return study_differences(plan, found, tuple(_points)) if len(settings) <= MOST_COMPARED else ()


@st.cache_data(max_entries=20, show_spinner="Scoring the shortcuts …")
def _shortcuts(
    name: str, members: tuple[str, ...], kept: tuple[tuple[int, int], ...]
) -> tuple[dict[str, float] | None, bool]:
    """Return what shortcuts reach on all test images of a study, and whether one baseline can be of all.

    `kept` tells versions of what is computed of them apart.
    """
    plan, found = _of_study(name, members)
    return study_shortcuts(plan, found, open_workspace().cache), divides_alike(plan)


def _of_study(name: str, members: tuple[str, ...]) -> tuple[StudyPlan, dict[str, Run]]:
    """Return a study's plan, and its runs at their places whose ids are among `members`."""
    study = next(study for study in studies() if study.name == name)
    found = study.members(runs())
    return plan_of(study), {place: run for place, run in found.items() if run.id in members}


def _ids(of: Sequence[Run]) -> tuple[str, ...]:
    return tuple(run.id for run in of)
