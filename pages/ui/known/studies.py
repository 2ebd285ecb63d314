"""The studies of the workspace: which there are, their plans, and how far their members are."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from allcore.errors import InputError
from allcore.files import stamp
from allcore.studies.grid import Grid, read_grid
from allcore.studies.plan import StudyPlan
from allcore.studies.store import PLAN_FILE, Study, StudyStore
from allcore.workspace import open_workspace
from pages.ui.known.runs import history, runs, summary


def studies() -> list[Study]:
    """Return all studies, newest first."""
    return StudyStore(open_workspace().studies).studies()


def names_of_grids() -> set[str]:
    """Return the names of the studies whose grid can be shown: all but the damaged ones."""
    return {study.name for study in studies() if _is_whole(study)}


def grid_of(study: Study) -> Grid:
    """Return a study as it is now. Raises `RunError` when it is damaged."""
    return read_grid(study, plan_of(study), runs(), summary, history)


def plan_of(study: Study) -> StudyPlan:
    """Return a study's plan, read again when it has changed. Raises `RunError` when it is damaged."""
    return _plan(str(study.folder), stamp(study.folder / PLAN_FILE))


def _is_whole(study: Study) -> bool:
    try:
        plan_of(study)
    except InputError:
        return False
    return True


@st.cache_resource(max_entries=64, show_spinner=False)
def _plan(folder: str, stamp: tuple[int, int]) -> StudyPlan:
    return Study(Path(folder)).plan()
