"""The list of runs: those with the words that are looked for, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from allcore.number_text import memory
from allcore.runs.folder.states import in_words
from allcore.runs.summary import RunSummary, summary_table
from pages.ui import address
from pages.ui.guarded import guarded
from pages.ui.known.runs import refresh_every, runs, summaries
from pages.ui.known.studies import names_of_grids
from pages.ui.show import per_cent_bar, per_cent_column, table_with_rows

_SHOWN = [
    "run", "name", "state", "progress", "test_accuracy", "launched", "dataset", "image_size", "split",
    "best_validation_accuracy", "study", "tags", "size", "person_note", "note",
]  # fmt: skip


def show_list(of: Sequence[RunSummary]) -> None:
    """Show the list, which keeps itself up to date while some run goes on, and what it is narrowed by."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Find", key="find", bind="query-params", placeholder="name, tag, dataset, state, study", width=280
        )
        hidden = any(one.hidden for one in of) and st.toggle("Show hidden", key="all_runs", bind="query-params")
    st.fragment(guarded("the list of runs")(_show_lines), run_every=refresh_every(of))(wanted, hidden=hidden)


def _show_lines(wanted: str, *, hidden: bool) -> None:
    """Show a line a run that has all words of `wanted` in what is said of it.

    Those of a study stand in its grid, and here where words are wanted.
    """
    grids, words = names_of_grids(), wanted.split()
    every = summaries(runs())
    here = [each for each in every if words or not _in_a_grid(each, grids)]
    found = [each for each in here if each.says(wanted)]
    now = [each for each in found if hidden or not each.hidden]
    if address.is_due():  # the page around this list is to show another run
        st.rerun()
    if not now:
        st.caption(_why_none(any_run=bool(every), found=bool(found), wanted=bool(words)))
        return
    _show_table(now)


def _show_table(now: Sequence[RunSummary]) -> None:
    address.catch_up()
    rows = summary_table(now)
    said_of_none = [one for one in ("name", "study", "tags", "person_note", "note") if (rows[one] == "").all()]
    in_per_cent = {name: 100 * rows[name] for name in ("test_accuracy", "best_validation_accuracy")}
    states, sizes = [in_words(one.state) for one in now], [memory(one.bytes) for one in now]
    whole = rows.assign(progress=[one.progress for one in now], state=states, size=sizes)[_SHOWN]
    listed = whole.assign(progress=100 * whole["progress"], **in_per_cent)
    table_with_rows(
        listed.drop(columns=said_of_none), "runs",
        "All runs with state, progress, test accuracy, when they were launched, dataset, image size, split, best "
        "validation accuracy, study, size on the disk, note and what went wrong",
        {
            "run": "Run", "name": "Name", "tags": "Tags", "dataset": "Dataset",
            "launched": st.column_config.TextColumn("Launched (UTC)", width=130),
            "split": "Split", "study": "Study", "size": "Disk space",
            "state": st.column_config.TextColumn("State", width=100),
            "progress": per_cent_bar("Progress", 100),
            "image_size": st.column_config.NumberColumn("Size (px)", format="%d"),
            "test_accuracy": per_cent_column("Test (%)", "accuracy on its test images"),
            "best_validation_accuracy": per_cent_column("Best validation accuracy (%)"),
            "person_note": st.column_config.TextColumn("Note", width="medium"),
            "note": st.column_config.TextColumn("What went wrong", width="large"),
        },
        whole, list(listed["run"]), partial(address.put_for_page, "run"), st.query_params.get("run"),
    )  # fmt: skip


def _why_none(*, any_run: bool, found: bool, wanted: bool) -> str:
    """Return why no run is listed: of whether there is `any_run`, one was `found`, and words were `wanted`."""
    if found:
        return "All runs with these words are hidden." if wanted else "All runs here are hidden."
    if not any_run:
        return "No run is left."
    return "No run has all of these words." if wanted else "All runs belong to the studies above."


def _in_a_grid(of: RunSummary, studies: set[str]) -> bool:
    """Return whether a run is a member of a study that is shown."""
    return of.place != "" and of.study in studies
