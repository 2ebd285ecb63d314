"""Shortcut baselines beside a run's score: those that are kept, or the button that computes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.errors import RunError
from allcore.evaluation.predictions.recorded import recorded_at
from allcore.evaluation.shortcuts import ShortcutResult, cached_shortcuts_of_run, shortcut_scores_of_run
from allcore.evaluation.shortcuts.against_shortcuts import against_shortcuts
from allcore.runs.folder.store import Run
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui.known.recorded import recorded
from pages.ui.known.runs import content_of_split, run_at, watched
from pages.ui.shared_work import asked_for, make_and_show

ONE_SEES_CELLS = (
    "One more baseline measures the cells themselves; a network that is no better than it may still look at cells."
)
_EXPLAINED = (
    "Shortcuts are classifiers that see too little of an image to judge its cells: its colours alone, the corner with "
    "the scale bar alone, and so on. They learn from the run's training images and are scored on its test images. "
    f"{ONE_SEES_CELLS}"
)


def cached_or_offered(run: Run) -> tuple[ShortcutResult, ...] | None:
    """Return the results on a run's split; where there are none, say so, offer to compute them, and return None."""
    results = cached_results(run)
    if results is None:
        st.caption(f"{_EXPLAINED} They are not computed yet. Thousands of images take minutes.")
        if asked_for(_work(run), "Compute the shortcuts", key=f"shortcuts-{run.id}", icon=":material/palette:"):
            _compute(run)
    return results


def cached_or_offered_for_all(runs: Sequence[Run]) -> tuple[ShortcutResult, ...] | None:
    """Return the results on the split that all of `runs` share, as `cached_or_offered`; None where they share none."""
    try:
        splits = {content_of_split(run) for run in runs}
    except RunError as error:
        st.caption(for_page(f"No shortcut baseline can be compared with all of these runs: {error}"))
        return None
    if len(splits) == 1:
        return cached_or_offered(runs[0])
    st.caption("These runs have different splits, so no shortcut baseline can be compared with all of them.")
    return None


def cached_results(run: Run) -> tuple[ShortcutResult, ...] | None:
    """Return the results on a run's split, None while they are not computed or the split cannot be read."""
    try:
        return _kept(str(run.folder), recorded_at(run), str(open_workspace().cache), watched(run))
    except (LookupError, RunError):
        return None


def run_against(run: Run, results: tuple[ShortcutResult, ...]) -> pd.DataFrame:
    """Return a run's test predictions compared with each of the results on its split, by `against_shortcuts`."""
    return _against(str(run.folder), recorded_at(run), results)


@st.cache_resource(max_entries=64, show_spinner=False)
def _kept(folder: str, written: int, cache: str, _run: Run) -> tuple[ShortcutResult, ...]:
    results = cached_shortcuts_of_run(_run, Path(cache))
    if results is None:
        raise LookupError  # which Streamlit does not keep, so that the next look finds what has been computed since
    return results


@st.cache_data(max_entries=64, show_spinner=False)
def _against(folder: str, written: int, _results: tuple[ShortcutResult, ...]) -> pd.DataFrame:
    return against_shortcuts(recorded(run_at(folder)), _results)


def _work(run: Run) -> str:
    return f"shortcuts of {run.folder}"


def _compute(run: Run) -> None:
    """Compute the shortcuts with progress, and run the page again to show them."""
    cache = open_workspace().cache
    make_and_show(
        _work(run), "Computing the shortcuts", "The shortcuts cannot be computed",
        lambda progress: shortcut_scores_of_run(run, cache, progress), Path(run.config.dataset),
    )  # fmt: skip
