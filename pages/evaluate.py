"""Evaluate: what a run's or a model's scores are worth, and the images behind every cell of the confusion matrix."""

from functools import partial

import streamlit as st

from allcore.errors import InputError
from allcore.studies.out_of_fold import is_out_of_fold
from allcore.text import for_page
from pages.ui import address
from pages.ui.evaluate.calibration import show_calibration
from pages.ui.evaluate.choose import choose_evaluation, choose_kind
from pages.ui.evaluate.classes import show_classes
from pages.ui.evaluate.compare import show_compare
from pages.ui.evaluate.confusion import show_confusion
from pages.ui.evaluate.curves import show_curves
from pages.ui.evaluate.evaluated import evaluated
from pages.ui.evaluate.headline import show_headline
from pages.ui.evaluate.image_map import show_map
from pages.ui.evaluate.mistakes import show_mistakes
from pages.ui.evaluate.probes import show_probes
from pages.ui.evaluate.report_button import show_report_button
from pages.ui.evaluate.scores import show_scores
from pages.ui.evaluate.shortcuts import show_shortcuts
from pages.ui.evaluate.sides import show_sides
from pages.ui.known.judgements import catalog_of_run
from pages.ui.known.meanings import meanings
from pages.ui.shared.choose import choose_predictions
from pages.ui.shared.labels import choose_labels
from pages.ui.tabs import open_tab

RECORDED_PARTS = ("test", "validation")

st.title("Evaluate")
of_run = choose_kind()
run = choose_predictions("No finished run yet") if of_run else choose_evaluation()
if run is None:
    st.stop()
pooled = is_out_of_fold(run)
split: str | None = "test"
if of_run:
    splits = RECORDED_PARTS[:1] if pooled else RECORDED_PARTS
    address.leave_behind("split", splits)
    split = address.settle("split", splits, "part", default="test")
    st.segmented_control("Images", splits, required=True, **address.follow("split", split))
if split is None:
    st.stop()
labels = None
if of_run and (images := catalog_of_run(run)) is not None:
    labels = choose_labels(images, images.variant(run.config.variant), run.config.labels)
try:
    now = evaluated(run, split, labels)
except InputError as error:
    st.error(for_page(str(error)), title=f"This {'run' if of_run else 'model'} cannot be evaluated")
    st.stop()
show_headline(now)

st.header("Scores", anchor=False)
show_scores(now)
if pooled:
    st.caption("Shortcut baselines, probes and reports are of single runs: choose a member of the study for them.")
elif now.labels is not None:
    st.caption("Shortcut baselines, the report and the map are by the labels that the run was made with.")
else:
    show_shortcuts(now)
    if now.scored is None:
        show_report_button(run)

named = meanings(now.datasets, now.classes)
tabs = {
    "Confusion matrix": show_confusion,
    "Mistakes": show_mistakes,
    "Classes": show_classes,
    "Curves": show_curves,
    "Calibration": show_calibration,
    "Compare": show_compare,
    "Probes": show_probes,
    "Map": show_map,
}
if named.positive:
    tabs["{} or {}".format(*named.sides).capitalize()] = partial(show_sides, named=named)
if pooled or not now.lends or now.labels is not None:
    del tabs["Probes"]
if pooled:  # features of several networks have nothing in common
    del tabs["Map"]
open_tab({name: partial(show_tab, now) for name, show_tab in tabs.items()})
