"""Trade-off: what image size buys and what it costs, beside the paper's Table 1 where that may stand there.

For a study, all succeeded runs, or the example that comes with the app.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import streamlit as st

from allcore.errors import InputError, RunError
from allcore.evaluation.comparing.comparison import compare_all
from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.evaluation.predictions.recorded import recorded_at
from allcore.evaluation.tradeoff.points import (
    TradeoffPoint,
    measured_latency,
    point_names,
    runs_of_studies,
    tradeoff_point,
)
from allcore.reporting.number_text import counted
from allcore.reporting.tradeoff import differently_tested
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.store import Run
from allcore.studies.baselines import divides_alike
from allcore.studies.out_of_fold import UnwrittenError, comparable_runs, model_of
from allcore.studies.plan import StudyPlan
from allcore.studies.store import Study
from allcore.studies.tradeoff import study_differences, study_shortcuts
from pages.ui import address, show
from pages.ui.guarded import guarded
from pages.ui.known.recorded import recorded, recorded_scores
from pages.ui.known.runs import run_at, runs, states, watch
from pages.ui.known.studies import plan_of, studies
from pages.ui.known.workspace import workspace
from pages.ui.runs.study_scores import kept_in
from pages.ui.shared.shortcuts import cached_or_offered_for_all
from pages.ui.tradeoff import say_which_differ, show_example, show_pairs, show_points

ALL = "all succeeded runs"
EXAMPLE = "example: real images"
SECONDS = 3
MOST_COMPARED = 12


@st.cache_data(max_entries=200, show_spinner="Scoring the runs …")
def _point(folder: str, written: int) -> TradeoffPoint:
    run = run_at(folder)
    return tradeoff_point(run, recorded_scores(run))


@st.cache_data(max_entries=200, show_spinner="Timing one image …")
def _timed(folder: str, written: int) -> TradeoffPoint:
    return measured_latency(_point(folder, written), model_of(run_at(folder), workspace().runs))


def _points(runs: list[Run], timed: bool) -> tuple[list[TradeoffPoint], list[str]]:
    """Return the points of the runs, with latency where it is wanted, and why some have none."""
    points, problems = [], []
    for run in runs:
        try:
            points.append((_timed if timed else _point)(str(run.folder), recorded_at(run)))
        except InputError as error:
            problems.append(str(error))
    return points, problems


@st.cache_data(max_entries=50, show_spinner="Comparing the runs …")
def _pairs(runs: tuple[tuple[str, str, int], ...]) -> pd.DataFrame:
    """Compare every two of runs, each given by what it is called, its folder, and when its predictions were written."""
    return compare_all({called: recorded(run_at(folder)) for called, folder, _ in runs})


def _of_study(name: str, members: tuple[str, ...]) -> tuple[StudyPlan, dict[str, Run]]:
    """Return a study's plan, and its runs at their places whose ids are among `members`."""
    study = next(study for study in studies() if study.name == name)
    found = study.members(runs())
    return plan_of(study), {place: run for place, run in found.items() if run.id in members}


@st.cache_data(max_entries=20, show_spinner="Comparing the settings …")
def _differences(name: str, members: tuple[str, ...], _points: list[TradeoffPoint]) -> tuple[SettingDifference, ...]:
    """Return how the settings of a study with folds compare; `members` are the ids of those that have succeeded."""
    return study_differences(*_of_study(name, members), tuple(_points))


@st.cache_data(max_entries=20, show_spinner="Scoring the shortcuts …")
def _shortcuts(
    name: str, members: tuple[str, ...], kept: tuple[tuple[int, int], ...]
) -> tuple[dict[str, float] | None, bool]:
    """Return what shortcuts reach on all test images of a study with folds, and whether one baseline can be of all.

    `kept` tells versions of what is computed of them apart.
    """
    plan, found = _of_study(name, members)
    return study_shortcuts(plan, found, workspace().cache), divides_alike(plan)


def shortcuts_of_folds(name: str, members: tuple[str, ...]) -> dict[str, float] | None:
    """Return the shortcuts' accuracies on a study with folds; None, and why on the page, where there are none."""
    accuracies, alike = _shortcuts(name, members, kept_in(workspace().cache, "shortcuts"))
    if accuracies is None and alike:
        st.caption("The shortcut baselines of this study are not computed yet; Runs offers to, once its runs are over.")
        st.page_link(
            "pages/runs.py", label="Compute them on Runs", icon=":material/palette:", query_params={"study": name}
        )
    elif accuracies is None:
        st.caption("These settings divide the images in several ways, so no shortcut baseline is of all of them.")
    return accuracies


@st.cache_resource(max_entries=20, show_spinner=False)
def _room(study: str) -> TemporaryDirectory[str]:
    """Return a folder, as long as it is kept here, for what a study's own cannot take."""
    return TemporaryDirectory()


def _written(study: Study, plan: StudyPlan, members: dict[str, Run]) -> list[Run]:
    """Return what of a study can be compared, in another folder where the study's own refuses to keep it."""
    try:
        return comparable_runs(study, plan, members)
    except UnwrittenError as error:
        passing = replace(study, folder=Path(_room(str(study.folder)).name) / study.name)
        found = comparable_runs(passing, plan, members)
        said = f"{error}. They are compared all the same, and put together again when the app starts anew."
        st.warning(show.plain(said), title="The out-of-fold predictions are not kept")
        return found


def comparable(name: str, succeeded: list[Run]) -> list[Run]:
    """Return the runs of a name that has succeeded runs; of a study with folds, its out-of-fold predictions."""
    for study in studies():
        if study.name == name and succeeded:
            try:
                return _written(study, plan_of(study), study.members(succeeded))
            except InputError as error:
                st.warning(show.plain(str(error)), title="The folds cannot be put together")
    return succeeded


def _under_way(run: Run) -> dict[str, object]:
    status = run.status()
    return {
        "run": run.id,
        "image size (px)": run.config.image_size,
        "state": status.state,
        "epochs": f"{status.epoch} of {status.epochs}",
        "minutes left": None if status.eta_seconds is None else status.eta_seconds / 60,
    }


@st.fragment(run_every=SECONDS)
@guarded("the runs under way")
def _follow(runs: list[Run]) -> None:
    """List the runs that are queued or running."""
    rows = []
    for run in runs:
        with suppress(RunError):  # deleted, or damaged, since the states were read
            rows.append(_under_way(run))
    show.table(
        pd.DataFrame(rows),
        "under-way",
        "Runs that are queued or running",
        {"minutes left": st.column_config.NumberColumn(format="%.1f")},
        placeholder="",
    )


st.title("Trade-off")
every_run = runs()
state_of = states(every_run)
watch(state_of)
by_name = runs_of_studies(every_run)
choices = [*by_name, *([ALL] if every_run else []), EXAMPLE]
name = address.settle("study", choices, "study", first=choices[0])
st.selectbox("Runs", choices, None if name is None else 0, placeholder="Choose runs", **address.follow("study", name))
if name is None:
    st.stop()
if name == EXAMPLE:
    if not every_run:
        st.info(
            "Below is an example. Launch a study of image sizes on the Train page to see your own.", title="No run yet"
        )
        st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
    show_example()
    st.stop()
of_name = by_name.get(name, every_run)
of_study = [run for run in of_name if state_of[run.id] == "succeeded"]
succeeded = comparable(name, of_study)
active = [run for run in of_name if state_of[run.id] in ACTIVE]
others = len(of_name) - len(of_study) - len(active)
st.caption(
    f"{len(of_study)} of {counted(len(of_name), 'run')} succeeded"
    + (f", {len(active)} queued or running (listed at the end of this page, which fills by itself)" if active else "")
    + (f", {others} ended otherwise or cannot be read (the Runs page says more)" if others else "")
    + "."
)
with st.container(horizontal=True, vertical_alignment="center"):
    timed = st.toggle(
        "Measure the time for one image",
        key="latency",
        bind="query-params",
        disabled=not succeeded,
        help="One image through each model on this machine, the median of five calls. A training in progress slows it.",
    )
    if timed:
        st.button(
            "Measure again", icon=":material/timer:", on_click=_timed.clear,
            help="What was measured while something else ran is too long.",
        )  # fmt: skip
points, problems = _points(succeeded, timed)
if problems:
    st.warning("\n".join(f"- {show.plain(problem)}" for problem in problems), title="These runs are left out")
if timed and any(point.latency_seconds is None for point in points):
    st.caption("Where no model was kept, there is no time for one image.")

if succeeded != of_study:
    st.caption(
        "Each point is all test images of its folds that have succeeded, predicted by networks that had not seen them. "
        "Time is the median of the folds, memory the most that one took."
    )
differences: tuple[SettingDifference, ...] = ()
accuracies = None
if points and succeeded != of_study:
    members = tuple(run.id for run in of_study)
    differences, accuracies = _differences(name, members, points), shortcuts_of_folds(name, members)
if points:
    if said := differently_tested(points):
        st.caption(said)
    called = point_names(points)
    scored = [run for run in succeeded if run.id in called]
    pairs = None
    if 1 < len(scored) <= MOST_COMPARED:
        by_size = sorted(scored, key=lambda run: (run.config.image_size, run.id))
        pairs = _pairs(tuple((called[run.id], str(run.folder), recorded_at(run)) for run in by_size))
        say_which_differ(pairs, differences)
    shortcuts = None if succeeded != of_study else cached_or_offered_for_all(scored)
    if shortcuts is not None:
        accuracies = {each.name: each.scores.accuracy for each in shortcuts if not each.baseline.sees_cells}
    show_points(points, name, name != ALL, accuracies)
    if pairs is not None:
        show_pairs(pairs, name, len(scored))
    elif len(scored) > MOST_COMPARED:
        st.caption(f"Which runs differ is shown for up to {MOST_COMPARED} of them; choose a study.")
elif not succeeded:
    st.info("The figures fill as runs succeed.", title="No finished run yet")

if active:
    st.header("Under way", anchor=False)
    _follow(active)
