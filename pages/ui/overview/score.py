"""The accuracy that stands beside the paper's on the first page: of the best run, or of a released model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore import paper
from allcore.errors import InputError
from allcore.evaluation.held_out import views_of
from allcore.evaluation.predictions.recorded import recorded_at
from allcore.evaluation.probes.probing import cached_report
from allcore.evaluation.probes.subject import Subject, subject_of_run
from allcore.evaluation.scoring.scores import Interval, Scores
from allcore.evaluation.shortcuts import best_shortcut
from allcore.files import Stamp, stamp
from allcore.inference.metadata import HeldOutScore, ViewScore
from allcore.number_text import UNKNOWN, per_cent, percentages
from allcore.reporting.probes import what_it_looks_at
from allcore.reporting.shortcuts import shortcut_verdict
from allcore.runs.folder.store import Run
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui.known.recorded import recorded, recorded_scores
from pages.ui.known.runs import run_at
from pages.ui.known.studies import names_of_grids
from pages.ui.known.workspace import predictor
from pages.ui.shared.shortcuts import cached_or_offered, cached_results, run_against

_NONE = "No run has succeeded yet. The test accuracy of the best one will appear here."
_NONE_COMPARABLE = (
    "No run on photographs of the paper's classes has succeeded yet. The test accuracy of the best one will appear "
    "here; drawn smears do not count."
)
_COMPARABLE = "The paper tested other images, so the two figures do not compare directly."


@dataclass(frozen=True)
class _Score:
    """A tile's title, an accuracy with its interval, and the best shortcut on the same images where it is known."""

    title: str
    accuracy: float
    interval: Interval
    shortcut: tuple[str, float] | None


def show_best_run(run: Run, row: pd.Series, among: int) -> None:
    """Show the best of `among` runs on one dataset, beside the paper and its best shortcut; `row` is its row."""
    try:
        scores, twins, flatter = _scores_of(str(run.folder), recorded_at(run))
    except InputError as error:
        _show_tiles(None)
        st.caption(for_page(f"The best run, {run.id}, cannot be scored: {error}"))
        return
    shortcuts = cached_results(run)
    best = None if shortcuts is None else best_shortcut(shortcuts)
    shortcut = None if best is None else (best.name, best.scores.accuracy)
    _show_tiles(_Score("Best run here", scores.accuracy, scores.intervals["accuracy"], shortcut))
    st.caption(
        f"Best of {among} on {for_page(row['dataset'])}: {for_page(run.id)}, {row['image_size']} px, "
        f"{scores.n:,} test images.{_chosen(run, among)} {_COMPARABLE}"
        f"{_twins(twins, flatter=flatter)}"
    )
    if shortcuts is None:
        cached_or_offered(run)
    else:
        st.markdown(for_page(shortcut_verdict(scores, run_against(run, shortcuts))))
    _say_what_it_looks_at(_views_of(run))
    st.page_link(
        "pages/evaluate.py", label="What this score is worth", icon=":material/grid_on:", query_params={"run": run.id}
    )


def show_released(models: list[Path], *, any_run: bool) -> None:
    """Show the most accurate of the released models that know their test accuracy, or the paper's figure alone.

    `any_run` says whether a run has succeeded, of which none may stand beside the paper.
    """
    known = [(held_out, path) for path in models if (held_out := _held_out(path)) is not None]
    if not known:
        _show_tiles(None)
        st.caption(_NONE_COMPARABLE if any_run else _NONE)
        return
    held_out, path = max(known, key=lambda entry: entry[0].accuracy)
    shortcut = None
    if held_out.shortcut is not None and held_out.shortcut_accuracy is not None:
        shortcut = (held_out.shortcut, held_out.shortcut_accuracy)
    _show_tiles(_Score("Released model", held_out.accuracy, held_out.interval, shortcut))
    st.caption(
        f"{for_page(path.name)}, {held_out.images:,} test images. {_COMPARABLE}{_twins(held_out.twins, flatter=False)} "
        "Your own best run on such images will replace it here; drawn smears do not count."
    )
    if shortcut is not None and shortcut[1] >= held_out.accuracy:
        st.markdown(
            f"The shortcut “{for_page(shortcut[0])}” does as well on the same images, so the score alone does not show "
            "that a model looks at cells."
        )
    _say_what_it_looks_at(held_out.views)
    st.page_link(
        "pages/predict.py",
        label="Its model card",
        icon=":material/description:",
        query_params={"model": path.name, "about": "true"},
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _scores_of(folder: str, written: int) -> tuple[Scores, int, bool]:
    """Return a run's scores on its test images, how many have a twin in train, and whether those flatter."""
    run = run_at(folder)
    tested = recorded(run)
    return recorded_scores(run), int(tested.table["twin"].sum()), tested.twins_flatter


def _views_of(run: Run) -> tuple[ViewScore, ...]:
    try:
        report = cached_report(_subject(str(run.folder), recorded_at(run)), open_workspace().cache)
    except (InputError, OSError):
        return ()  # Evaluate says why
    return () if report is None else views_of(report)


@st.cache_resource(max_entries=8, show_spinner=False)
def _subject(folder: str, written: int) -> Subject:
    return subject_of_run(run_at(folder))


def _say_what_it_looks_at(views: tuple[ViewScore, ...]) -> None:
    if said := what_it_looks_at(views):
        st.markdown(for_page(said))


def _held_out(path: Path) -> HeldOutScore | None:
    try:
        return _held_out_of(str(path), stamp(path))
    except InputError:
        return None  # Predict says why


@st.cache_data(max_entries=32, show_spinner=False)
def _held_out_of(model: str, version: Stamp) -> HeldOutScore | None:
    return predictor(Path(model)).metadata.held_out


def _show_tiles(score: _Score | None) -> None:
    with st.grid("auto", min_column_width=220):
        if score is not None:
            _tile(score.title, score.accuracy, _between(score.interval), "95 % interval")
            if score.shortcut is not None:
                name, accuracy = score.shortcut
                _tile("Best shortcut on its images", accuracy, name, "alone")
        _tile("The paper", paper.HEADLINE["accuracy"], "no interval stated", None, decimals=2)


def _tile(title: str, accuracy: float, beneath: str, description: str | None, decimals: int = 1) -> None:
    st.metric(
        title, per_cent(accuracy, decimals), beneath, delta_color="off", delta_arrow="off", border=True,
        delta_description=description,
    )  # fmt: skip


def _between(interval: Interval) -> str:
    shown = percentages(interval, 1)
    return shown if shown == UNKNOWN else f"{shown} %"


def _chosen(run: Run, among: int) -> str:
    """Return how far a score flatters since it was chosen, and where the mean stands of which it is a part."""
    luck = " The best of several is partly luck: expect less on other images." if among > 1 else ""
    if not (run.config.study and run.config.split.folds):
        return luck
    there = "; Runs shows the mean over its folds" if run.config.study in names_of_grids() else ""
    return f"{luck} It is one fold of the study {for_page(run.config.study)}{there}."


def _twins(twins: int, *, flatter: bool) -> str:
    said = f" {twins} of the test images share a group with one in train" if twins else ""
    return said and f"{said}{': the score looks better than it is' if flatter else ''}."
