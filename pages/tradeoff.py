"""Trade-off: what image size buys and what it costs, beside the paper's Table 1 where that may stand there.

For a study, all succeeded runs, or the example that comes with the app.
"""

import streamlit as st

from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.evaluation.tradeoff.points import point_names, runs_of_studies
from allcore.reporting.tradeoff import differently_tested
from allcore.runs.folder.states import ACTIVE
from pages.ui.known.runs import runs, states, watch
from pages.ui.shared.shortcuts import cached_or_offered_for_all
from pages.ui.tradeoff.choose import ALL, EXAMPLE, choose_runs, say_how_many
from pages.ui.tradeoff.example import show_example
from pages.ui.tradeoff.folds import comparable, differences_of_settings, shortcuts_of_folds
from pages.ui.tradeoff.measured import measured_points
from pages.ui.tradeoff.pairs import MOST_COMPARED, compared, say_too_many, say_which_differ, show_pairs
from pages.ui.tradeoff.points import show_points
from pages.ui.tradeoff.under_way import follow

st.title("Trade-off")
every_run = runs()
state_of = states(every_run)
watch(state_of)
by_name = runs_of_studies(every_run)
name = choose_runs(by_name, any_run=bool(every_run))
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

chosen = by_name.get(name, every_run)
succeeded = [run for run in chosen if state_of[run.id] == "succeeded"]
active = [run for run in chosen if state_of[run.id] in ACTIVE]
tested = comparable(name, succeeded)
pooled = tested != succeeded
say_how_many(chosen, succeeded, active)
points = measured_points(tested)
if pooled:
    st.caption(
        "Each point is all test images of its folds that have succeeded, predicted by networks that had not seen them. "
        "Time is the median of the folds, memory the most that one took."
    )
if points:
    differences: tuple[SettingDifference, ...] = ()
    accuracies = None
    if pooled:
        differences = differences_of_settings(name, succeeded, points)
        accuracies = shortcuts_of_folds(name, succeeded)
    if said := differently_tested(points):
        st.caption(said)
    called = point_names(points)
    scored = [run for run in tested if run.id in called]
    pairs = compared(scored, called)
    say_which_differ(pairs, differences)
    shortcuts = None if pooled else cached_or_offered_for_all(scored)
    if shortcuts is not None:
        accuracies = {each.name: each.scores.accuracy for each in shortcuts if not each.baseline.sees_cells}
    show_points(points, name, accuracies, joined=name != ALL)
    if pairs is not None:
        show_pairs(pairs, name, len(scored))
    elif len(scored) > MOST_COMPARED:
        say_too_many(len(scored), of_study=name != ALL)
elif not tested:
    st.info("The figures fill as runs succeed.", title="No finished run yet")

if active:
    st.header("Under way", anchor=False)
    follow(active)
