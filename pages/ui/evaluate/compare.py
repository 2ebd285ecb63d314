"""Evaluate, a run against another on the images that both have predicted."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from allcore.errors import InputError
from allcore.evaluation.comparing.comparison import Comparison, compare
from allcore.evaluation.comparing.pairing import Paired, disagreements, pair
from allcore.evaluation.predictions.evaluation_run import evaluation_record
from allcore.evaluation.predictions.recorded import recorded_at
from allcore.evaluation.predictions.score_folder import NOT_SAID
from allcore.number_text import per_cent_within, percentage
from allcore.reporting.comparison import error_differences, mcnemar_table, p_text, score_differences, verdict
from allcore.reporting.interval_words import DIFFERENCES
from allcore.runs.folder.store import Run
from allcore.text import counted, for_page
from pages.ui import address, show
from pages.ui.evaluate.choose import choose_evaluation_against
from pages.ui.evaluate.evaluated import Evaluated, with_labels
from pages.ui.known.recorded import recorded
from pages.ui.known.runs import run_at, short_name
from pages.ui.shared.choose import choose_run_against
from pages.ui.shared.evidence import sheets_of_evidence

PLACE = "compare"
KINDS = {
    "all": (None, "the two {}s predict differently"),
    "this run right": ("first", "this {} alone gets right"),
    "the other right": ("second", "the other {} alone gets right"),
    "neither right": ("neither", "both get wrong, with different classes"),
}
"""The images that can be shown, by what the address calls them: who is right, and in words, of runs or models."""


@dataclass(frozen=True)
class Compared:
    """Two runs or models, called `first` and `second`, and what came of comparing them."""

    first: str
    second: str
    paired: Paired
    comparison: Comparison


def show_compare(of: Evaluated) -> None:
    """Show the run's scores beside another's on shared images, the paired tests, and where the two disagree."""
    other = choose_run_against(of.run) if of.scored is None else choose_evaluation_against(of.scored, of.predictions)
    if other is None:
        st.caption("Two models are compared image by image, on those that both have predicted.")
        return
    try:
        paired, comparison = _compared(
            str(of.run.folder), recorded_at(of.run), str(other.folder), recorded_at(other), of.split, of.labels
        )
    except InputError as error:
        st.error(for_page(str(error)), title=f"These two {of.noun}s cannot be compared")
        return
    now = Compared(short_name(of.run), short_name(other), paired, comparison)
    _show_headline(of, now)
    _say_what_the_other_saw(other, now)
    _show_scores(now, f"{of.named('compared')}-{other.id}")
    _show_test(now, f"{of.named('mcnemar')}-{other.id}")
    _show_disagreements(of, other, now)


@st.cache_resource(max_entries=16, show_spinner="Comparing …")
def _compared(
    first: str, first_at: int, second: str, second_at: int, split: str, labels: str | None
) -> tuple[Paired, Comparison]:
    runs = [run_at(folder) for folder in (first, second)]
    paired = pair(
        *(recorded(run, split) if labels is None else with_labels(run, split, labels).predictions for run in runs)
    )
    return paired, compare(paired)


def _show_headline(of: Evaluated, now: Compared) -> None:
    comparison = now.comparison
    st.markdown(f"**{for_page(verdict(comparison.mcnemar, now.first, now.second))}**")
    st.caption(
        f"Both predicted the same {comparison.n} {of.images} in {counted(comparison.n_groups, 'overlap group')} "
        f"({for_page(now.first)} predicted {comparison.n_first}, {for_page(now.second)} {comparison.n_second})."
    )
    for name, predictions in ((now.first, now.paired.first), (now.second, now.paired.second)):
        if twins := int(predictions.table["twin"].sum()):
            share = counted(twins, "image of these shares", "images of these share")
            st.caption(f"{share} a group with an image in train of {for_page(name)}, which may have helped it.")
    with st.container(horizontal=True):
        for name, scores in ((now.first, comparison.first), (now.second, comparison.second)):
            st.metric(
                f"Accuracy, {for_page(name)}",
                per_cent_within(scores.accuracy, scores.intervals["accuracy"]),
                border=True,
            )
        low, high = comparison.intervals["accuracy"]
        st.metric(
            "Difference in points (95 % interval)",
            _points(comparison.differences["accuracy"])
            + ("" if low is None else f" ({_points(low)} to {_points(high)})"),
            border=True,
        )


def _say_what_the_other_saw(other: Run, now: Compared) -> None:
    """Say whether the other model was trained on the images; Evaluate says it of the first above."""
    record = evaluation_record(other)
    if record is None:
        return
    seen, count = record.facts.trained_on, record.facts.images
    if seen:
        st.warning(
            f"{for_page(now.second)} was trained on {seen:,} of these {count:,} images.",
            title="The other score looks better than it is",
            icon=":material/content_copy:",
        )
    elif not record.facts.says_training:
        st.caption(for_page(f"{now.second}: {NOT_SAID}."))


def _show_scores(now: Compared, name: str) -> None:
    st.subheader("Scores of both", anchor=False)
    columns = {
        "first": show.per_cent_column(f"{now.first} (%)"),
        "second": show.per_cent_column(f"{now.second} (%)"),
        "difference": show.per_cent_column("difference (points)", for_page(f"{now.first} minus {now.second}")),
        "low": show.per_cent_column("95 % from"),
        "high": show.per_cent_column("to"),
    }
    show.table(score_differences(now.comparison), name, "Scores of both and their differences", columns, "")
    numbers = {"first": now.first, "second": now.second, "difference": "difference", "low": "95 % from", "high": "to"}
    show.table(
        error_differences(now.comparison),
        f"{name}-errors",
        "Errors of the probabilities of both and their differences",
        {key: st.column_config.NumberColumn(label, format="%.4f") for key, label in numbers.items()},
        "",
    )
    st.caption(f"Differences are {for_page(now.first)} minus {for_page(now.second)}. {DIFFERENCES}")


def _show_test(now: Compared, name: str) -> None:
    test = now.comparison.mcnemar
    st.subheader("McNemar's test", anchor=False)
    show.table(mcnemar_table(test, now.first, now.second), name, "Images that both, one or neither gets right")
    st.caption(
        f"Exact and two-sided: {p_text(test.p)} over images; {p_text(test.p_over_groups)} over overlap groups, whose "
        "images show the same field and count as one."
    )


def _show_disagreements(of: Evaluated, other: Run, now: Compared) -> None:
    st.subheader("Where they disagree", anchor=False)
    right = disagreements(now.paired)
    if right.empty:
        st.caption(f"The two {of.noun}s predict every image alike.")
        return
    kind = address.settle("kind", KINDS, "kind of disagreement", default="all")
    st.segmented_control(
        "Show", list(KINDS), required=True, format_func=lambda name: name.replace("run", of.noun),
        **address.follow("kind", kind),
    )  # fmt: skip
    if kind is None:
        return
    who, words = KINDS[kind]
    rows = right.index if who is None else right.index[right == who]
    st.caption(f"{counted(len(rows), 'image')} that {words.format(of.noun)}, the most confident mistakes first.")
    if len(rows):
        first, second = (part.table.iloc[rows] for part in (now.paired.first, now.paired.second))
        compared = f"{of.which} {other.folder} {kind}"
        sheets_of_evidence(of.run, first, of.classes, PLACE, compared, beside=(other, second))


def _points(difference: float | None) -> str:
    return "undefined" if difference is None else percentage(difference, 1, "+")
