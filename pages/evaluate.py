"""Evaluate: what a run's scores are worth, and the images behind every cell of its confusion matrix."""

from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.errors import InputError
from allcore.evaluation.calibration import reliability_diagram
from allcore.evaluation.errors import benign_malignant_mistakes, commonest_mistake, images_of_cell, mistakes
from allcore.evaluation.recorded import RecordedPredictions, recorded_at, recorded_predictions
from allcore.evaluation.scores import Scores, benign_vs_malignant
from allcore.reporting.confusion import confusion_figure
from allcore.reporting.probability_curves import (
    class_scores_figure,
    precision_recall_figure,
    reliability_figure,
    roc_figure,
)
from allcore.reporting.tables import calibration_table, class_table, headline_table, with_interval
from allcore.runs.store import Run
from pages.ui import show
from pages.ui.evidence import recorded_gallery, recorded_table
from pages.ui.state import choose_run

SHEET = 12
BENIGN = "Benign"
CELL = {"true": "True class", "predicted": "Predicted class"}
INTERVALS = {
    "wilson": "Wilson for accuracy and weighted sensitivity, bootstrap over groups for the others.",
    "group bootstrap": "bootstrap over groups, as several images share one.",
}


def _per_cent(label: str, help: str | None = None) -> object:
    return st.column_config.NumberColumn(label, format="%.2f", help=help)


@st.cache_resource(max_entries=16, show_spinner="Scoring …")
def _evaluated(folder: str, written: int, split: str) -> tuple[RecordedPredictions, Scores, Scores | None]:
    """Return a run's predictions, their scores, and those without twins in train (None when all are twins)."""
    predictions = recorded_predictions(Run(Path(folder)), split)
    alone = predictions.without_twins()
    return predictions, predictions.score(), alone.score() if len(alone.table) else None


def _take_click() -> None:
    points = st.session_state["matrix"].selection.points
    if points:  # empty when a cell is clicked again, which leaves it chosen
        st.session_state.update(zip(CELL, points[0]["customdata"], strict=False))
        _first_sheet()


def _first_sheet() -> None:
    st.session_state["sheet"] = 0


def _choose_cell(scores: Scores) -> tuple[str, str] | None:
    """Let the user choose a cell (kept in the URL as `true` and `predicted`); at first, the commonest mistake."""
    for key, label in zip(CELL, commonest_mistake(scores), strict=True):
        known = key in st.session_state or key in st.query_params
        of_other_run = st.session_state.get(key) not in (None, *scores.classes)
        if not known or of_other_run:
            st.session_state[key] = label
    with st.container(horizontal=True):
        true, predicted = (
            st.selectbox(label, scores.classes, None, key=key, bind="query-params", on_change=_first_sheet)
            for key, label in CELL.items()
        )
    return (true, predicted) if true and predicted else None


@st.fragment
def _show_images(run: Run, images: pd.DataFrame, classes: tuple[str, ...]) -> None:
    sheets = [range(start, min(start + SHEET, len(images))) for start in range(0, len(images), SHEET)]
    with st.container(horizontal=True):
        opacity = st.slider("Opacity of the evidence (%)", 0, 100, 60, 5, key="opacity", bind="query-params", width=320)
        if st.session_state.get("sheet", 0) >= len(sheets):
            _first_sheet()
        sheet = st.selectbox(
            "Shown",
            range(len(sheets)),
            format_func=lambda number: f"{sheets[number].start + 1} to {sheets[number].stop} of {len(images)}",
            key="sheet",
            bind="query-params",
            width=180,
        )
    recorded_gallery(run, images.iloc[list(sheets[sheet])], classes, opacity / 100)
    st.caption(
        "Orange spoke for the predicted class, blue against it; each map is drawn to its own strongest place. Novel: "
        "unlike the training images."
    )


st.title("Evaluate")
run = choose_run(lambda status: status.state == "succeeded", "No finished run yet")
if run is None:
    st.stop()
split = st.segmented_control(
    "Images", ["test", "validation"], default="test", required=True, key="split", bind="query-params"
)
try:
    predictions, scores, alone = _evaluated(str(run.folder), recorded_at(run), split)
except InputError as error:
    st.error(show.plain(str(error)), title="This run cannot be evaluated")
    st.stop()
classes = predictions.classes
twins = int(predictions.table["twin"].sum())

st.caption(
    f"{scores.n} {split} images, classes {show.plain(', '.join(classes))}, {run.config.image_size} px, "
    f"{run.config.split.protocol} split of {show.plain(run.config.dataset)}"
)
if split == "validation":
    st.caption("The validation images chose the epoch and the temperature, so their scores flatter.")
if twins:
    st.warning(
        f"{twins} of {scores.n} {split} images share a group with an image in train. "
        + (
            f"Without them: accuracy {with_interval(alone.accuracy, alone.intervals['accuracy'])}, "
            f"macro F1 {with_interval(alone.f1_macro, alone.intervals['f1_macro'])}, {alone.n} images."
            if alone
            else "None is left without them."
        ),
        title="The score flatters",
        icon=":material/content_copy:",
    )
else:
    st.caption(f"No {split} image shares a group with an image in train.")

st.subheader("Scores", anchor=False)
show.table(
    headline_table(scores),
    f"scores-{run.id}-{split}",
    "Scores with 95 % intervals, support-weighted beside the paper's, then macro averages",
    {
        "weighted": _per_cent("weighted (%)", "every class counts by its number of images"),
        "low": _per_cent("95 % from"),
        "high": _per_cent("to"),
        "paper": _per_cent("the paper (%)"),
        "macro": _per_cent("macro (%)", "every class counts alike; of accuracy, the balanced accuracy"),
        "macro_low": _per_cent("macro 95 % from"),
        "macro_high": _per_cent("macro to"),
    },
    placeholder="",
)
st.caption(
    f"Intervals: {INTERVALS[scores.interval_method]} The paper's figures are of its own test images at 300 px, which "
    "are not these."
)

names = ["Confusion matrix", "Mistakes", "Classes", "Curves", "Calibration"]
if BENIGN in classes:
    names.append("Benign or malignant")
tabs = dict(zip(names, st.tabs(names, key="view", bind="query-params"), strict=True))

if tabs["Confusion matrix"].open:
    with tabs["Confusion matrix"]:
        with st.container(horizontal=True, gap="medium"):
            place, chosen = st.container(width=420), st.container(width=340)
        with chosen:
            cell = _choose_cell(scores)
            images = images_of_cell(predictions.table, *cell) if cell else None
            if cell:
                of_class = scores.per_class[cell[0]].support
                st.metric(f"of {of_class} {show.plain(cell[0])} images called {show.plain(cell[1])}", len(images))
            st.caption(
                "Choose a cell by click or with the selectors. Blue is right, orange wrong, each by its share of the "
                "true class."
            )
        with place:
            shown = st.segmented_control(
                "Cells show", ["counts", "per cent"], default="counts", required=True, key="cells", bind="query-params"
            )
            st.plotly_chart(
                confusion_figure(scores.confusion_matrix, classes, shown == "per cent", cell),
                key="matrix",
                on_select=_take_click,
                selection_mode="points",
                config=show.figure_config(f"confusion-matrix-{run.id}-{split}"),
                alt="Confusion matrix, rows true classes, columns predicted ones; the selectors choose a cell as well",
            )
        if images is not None and len(images):
            _show_images(run, images, classes)

if tabs["Mistakes"].open:
    with tabs["Mistakes"]:
        wrong = mistakes(predictions.table)
        st.caption(f"{len(wrong)} of {scores.n} {split} images, the most confident mistakes first.")
        recorded_table(wrong, classes, f"mistakes-{run.id}-{split}", "Every mistake, the most confident first")

if tabs["Classes"].open:
    with tabs["Classes"]:
        show.figure(class_scores_figure(scores), f"classes-{run.id}-{split}", "Each class's scores with 95 % intervals")
        show.table(
            class_table(scores),
            f"classes-{run.id}-{split}",
            "Each class's scores with 95 % intervals",
            {"value": _per_cent("value (%)"), "low": _per_cent("95 % from"), "high": _per_cent("to")},
            placeholder="",
        )

if tabs["Curves"].open:
    with tabs["Curves"]:
        st.subheader("ROC, each class against the rest", anchor=False)
        show.figure(roc_figure(predictions, scores), f"roc-{run.id}-{split}", "ROC curve of each class, with its AUROC")
        st.subheader("Precision and recall, each class against the rest", anchor=False)
        show.figure(
            precision_recall_figure(predictions, scores),
            f"precision-recall-{run.id}-{split}",
            "Precision-recall curve of each class, with its average precision",
        )
        st.caption(
            "The legend gives the area under each curve (average precision for the second) with its 95 % interval."
        )

if tabs["Calibration"].open:
    with tabs["Calibration"]:
        show.figure(
            reliability_figure(reliability_diagram(predictions.labels, predictions.probabilities)),
            f"reliability-{run.id}-{split}",
            "Reliability diagram: accuracy against the probability of the predicted class, over the images of each bin",
        )
        show.table(
            calibration_table(scores),
            f"calibration-{run.id}-{split}",
            "Errors of the probabilities with 95 % intervals",
            {
                "value": st.column_config.NumberColumn(format="%.4f"),
                "low": st.column_config.NumberColumn("95 % from", format="%.4f"),
                "high": st.column_config.NumberColumn("to", format="%.4f"),
            },
        )

if BENIGN in classes and tabs["Benign or malignant"].open:
    with tabs["Benign or malignant"]:
        two = benign_vs_malignant(scores, BENIGN)
        with st.container(horizontal=True):
            for name, value in (("sensitivity", two.sensitivity), ("specificity", two.specificity)):
                st.metric(
                    f"{name.capitalize()} (95 % interval)", with_interval(value, two.intervals[name]), border=True
                )
        st.caption(
            "A malignant image counts as found whatever malignant class it is given. Benign means hematogones, "
            "never healthy."
        )
        recorded_table(
            benign_malignant_mistakes(predictions.table, BENIGN),
            classes,
            f"benign-malignant-{run.id}-{split}",
            "Benign images called malignant and malignant ones called benign, the most confident first",
        )
