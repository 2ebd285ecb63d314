"""Trust, the labels: which are most suspicious, by whose word, and what the images look like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from allcore.errors import DatasetError, ImageError, InputError
from allcore.evaluation.labels.review import COLOUR, RUNS, SEPARATOR, LabelReview, review_dataset, runs_on
from allcore.evaluation.predictions.recorded import recorded_at
from allcore.number_text import per_cent
from allcore.progress import Progress
from allcore.runs.folder.store import Run
from allcore.text import for_csv, for_page, for_table
from allcore.workspace import open_workspace
from pages.ui import show
from pages.ui.guarded import guarded
from pages.ui.known.cells import hold_no_cells, known_cells
from pages.ui.known.judgements import judgements
from pages.ui.known.runs import run_at, runs
from pages.ui.known.workspace import catalog, opener
from pages.ui.shared.evidence import SHEET, choose_sheet
from pages.ui.shared.evidence_pictures import Look, Model, picture
from pages.ui.shared.labels import show_judging, warn_of_lost_judgements
from pages.ui.shared_work import CancelledError, asked_for, wait_for
from pages.ui.show import THUMBNAIL
from pages.ui.trust.examined import Examined

PLACE = "labels"
_ALL = "all judges"
_LISTED = 200
"""Rows of the table on the page; the CSV file has all."""


def show_label_review(of: Examined) -> None:
    """Show the most suspicious labels of a dataset, with evidence where a run speaks."""
    st.write(
        "A label is suspicious when a classifier that never saw it is confident of another class, or when an image of "
        "the same overlap group has another label. That is a reason to look, not a verdict."
    )
    warn_of_lost_judgements()
    runs = _choose_runs(of)
    recorded = tuple((str(run.folder), recorded_at(run)) for run in runs)
    try:
        review = _review(of, recorded)
    except CancelledError:
        if asked_for(_work(of, recorded), "Review the labels", icon=":material/fact_check:"):
            st.rerun()
        return
    except DatasetError as error:
        st.error(for_page(str(error)), title="The labels cannot be reviewed")
        return
    if review.table.empty:
        st.info(
            "Each class needs images of at least two overlap groups: one to learn from, one to review.",
            title="No label can be reviewed",
        )
        return
    _show_numbers(of, review)
    _show_sheets(of, review, [run.id for run in runs])
    _show_table(of, review)


def _choose_runs(of: Examined) -> list[Run]:
    """Let the user choose whose predictions count (in the URL as `judges`); at first, those of all runs."""
    finished = {run.id: run for run in runs() if recorded_at(run)}
    recorded = tuple((str(run.folder), recorded_at(run)) for run in finished.values())
    names = [name for name in _ids_on(of, of.key, recorded) if name in finished]
    if not names:
        return []
    if st.session_state.get("judges") == st.session_state.get(_ALL):  # of which the address says nothing
        st.session_state["judges"] = names
    st.session_state[_ALL] = names
    if not set(st.session_state.get("judges", [])) <= set(names):
        st.session_state.pop("judges", None)
    chosen = st.multiselect(
        "Runs whose predictions count", names, names, key="judges", bind="query-params",
        placeholder="None: colour alone",
        help="Several are averaged. A run that is often wrong makes many labels look suspicious.",
    )  # fmt: skip
    return [finished[name] for name in chosen]


@st.cache_data(max_entries=16, show_spinner=False)
def _ids_on(_of: Examined, key: str, recorded: tuple[tuple[str, int], ...]) -> list[str]:
    return [run.id for run in runs_on(_of.images, [run_at(folder) for folder, _ in recorded])]


_Recorded = tuple[tuple[str, int], ...]
"""Folders of runs, each with when its predictions were written."""


def _work(of: Examined, recorded: _Recorded) -> str:
    return f"labels of {of.key} by {recorded} in {open_workspace().cache}"


def _review(of: Examined, recorded: _Recorded) -> LabelReview:
    """Return the review by some runs, made with progress where it is not kept in memory."""
    key, cache = _work(of, recorded), open_workspace().cache
    kept = _reviews(key)
    if not kept:
        runs = [run_at(folder) for folder, _ in recorded]

        def review(progress: Progress) -> None:
            kept.append(review_dataset(of.root, of.images, of.relations, runs, cache, progress))

        wait_for(key, "Reviewing the labels; it goes on when you leave this page", review)
    return kept[0]


@st.cache_resource(max_entries=8, show_spinner=False)
def _reviews(key: str) -> list[LabelReview]:
    """Return where the review of a key is put when it is made; all sessions share it."""
    return []


def _show_numbers(of: Examined, review: LabelReview) -> None:
    by_source = review.table["source"].value_counts()
    with st.container(horizontal=True):
        st.metric("Suspicious labels", f"{len(review.suspicious):,} of {len(review.table):,}", border=True)
        st.metric("Reviewed by runs", f"{by_source.get(RUNS, 0):,}", border=True)
        st.metric("Reviewed by colour", f"{by_source.get(COLOUR, 0):,}", border=True)
    with st.expander("Who reviews"):
        st.write(
            "A run reviews the images that it validated and tested with, unless it trained on another image of their "
            "overlap group. Colour reviews those that no run does: a classifier of nine colour numbers, fitted to "
            "other overlap groups. It knows the stain and nothing of the cells. Suspicious are those off the diagonal "
            "of the confident joint (Northcutt, Jiang and Chuang 2021)."
        )
        show.table(
            review.sources.assign(agreeing=100 * review.sources["agreeing"] / review.sources["images"].clip(lower=1)),
            "label-judges",
            "How many images each run and colour review, and how often they agree with the label",
            {
                "source": "reviewer",
                "twins": st.column_config.NumberColumn("left out", help="a twin is among the run's training images"),
                "agreeing": show.per_cent_column("agrees with the label (%)"),
            },
        )
    if not of.relations.searched:
        st.caption("Shared fields were not searched for: a reviewer may have seen a twin of an image that it reviews.")


@st.fragment
@guarded("the suspicious labels")
def _show_sheets(of: Examined, review: LabelReview, by: list[str]) -> None:
    """Show the suspicious images `by` some runs, and the next ones where they do not fill a sheet."""
    images = review.table.head(max(len(review.suspicious), SHEET))
    judged = images["sha256"].isin(judgements().latest)
    unjudged = bool(judged.any()) and st.toggle("Leave out what people judged", key="unjudged", bind="query-params")
    if unjudged:
        images = images[~judged]
    if images.empty:
        st.success("Every suspicious label was judged.", icon=":material/check:")
        return
    whole, by_runs = catalog(of.root), bool((review.table["source"] == RUNS).any())
    smears = not hold_no_cells(known_cells(whole, of.variant))
    rows, look = choose_sheet(len(images), PLACE, f"{of.name} {by} {unjudged}", lambda _: smears, evidence=by_runs)
    shown = images.iloc[rows].to_dict("records")
    pictures = _pictures(of, shown, look)
    with st.container(horizontal=True):
        for row in shown:
            with st.container(width=THUMBNAIL, gap="xxsmall"):
                _tile(of, row, pictures[row["path"]])
                show_judging(whole, row["path"], row["sha256"], PLACE)
    if by_runs:
        st.caption("Evidence is shown where a run reviews: orange for the suggested class, blue against it.")


def _pictures(of: Examined, rows: list[dict[Any, Any]], look: Look) -> dict[str, bytes | str]:
    """Return each row's picture by its path, or in words why there is none; run by run, as few models are held."""
    found: dict[str, bytes | str] = {}
    with st.spinner("Computing the evidence …"):
        for judge in sorted({_first_run(row) for row in rows}):
            run, model = _open(judge)
            for row in (row for row in rows if _first_run(row) == judge):
                try:
                    path = of.root / row["path"]
                    found[row["path"]] = picture(path, row["sha256"], run, model, row["suggestion"], look)
                except (DatasetError, ImageError) as error:
                    found[row["path"]] = str(error)
    return found


def _first_run(row: dict[Any, Any]) -> str:
    return str(row["runs"]).split(SEPARATOR)[0]


def _open(judge: str) -> tuple[Run | None, Model | None]:
    """Return a run and its model by the run's id; None for colour, and for a run without a usable model."""
    if not judge:
        return None, None
    run = Run(open_workspace().runs / judge)
    try:
        return run, opener(run.served_model)
    except InputError as error:
        st.warning(for_page(str(error)), title="No evidence can be computed", icon=":material/visibility_off:")
        return None, None


def _tile(of: Examined, row: dict[Any, Any], shown: bytes | str) -> None:
    name = Path(row["path"]).name
    if isinstance(shown, bytes):
        st.image(shown, width="stretch", alt=f"{name}, labelled {row['label']}, suggested {row['suggestion']}")
    else:
        st.caption(for_page(shown))
    judges = row["runs"].count(SEPARATOR) + 1
    by = "colour" if row["source"] == COLOUR else f"{judges} run{'s' if judges > 1 else ''}"
    said = [
        for_page(name),
        f"label **{for_page(row['label'])}** {per_cent(row['probability_label'], 0)}",
        f"suggested **{for_page(row['suggestion'])}** {per_cent(row['probability_suggestion'], 0)}",
        f"by {by}",
    ]
    if row["contradicted_by"]:
        said.append(f"same group as {for_page(row['contradicted_by'])}")
    st.caption("  \n".join(said))
    if row["suspicious"]:
        st.badge("suspicious", icon=":material/flag:", color="orange")
    of.link_to(row["path"], "Open")


def _show_table(of: Examined, review: LabelReview) -> None:
    whole = review.listed(judgements())
    listed = whole.head(_LISTED)
    in_per_cent = {name: 100 * listed[name] for name in ("probability_label", "probability_suggestion")}
    headings: dict[str, Any] = {
        "path": "image",
        "suggestion": "suggested",
        "probability_label": show.per_cent_column("P(label) (%)"),
        "probability_suggestion": show.per_cent_column("P(suggested) (%)"),
        "margin": st.column_config.NumberColumn(
            "margin", format="%.2f", help="(1 + P(label) − P(best other class)) / 2: below 0.5, another is likelier"
        ),
        "source": "reviewed by",
        "judged": st.column_config.TextColumn("people say", help="the latest judgement of somebody who looked"),
        "contradicted_by": st.column_config.TextColumn(
            "other label", help="images of the same overlap group that have another label"
        ),
    }
    st.dataframe(
        for_table(listed.assign(**in_per_cent)), hide_index=True, key="table-labels", placeholder="",
        alt="Every reviewed label, the most suspicious first", column_config=headings,
    )  # fmt: skip
    if len(review.table) > _LISTED:
        st.caption(f"The first {_LISTED} of {len(review.table):,}; the CSV file has all.")
    st.download_button(
        "Download CSV", lambda: for_csv(whole).encode(), f"labels-{of.variant or 'images'}.csv",
        "text/csv", key="csv-labels", icon=":material/download:", on_click="ignore",
    )  # fmt: skip
