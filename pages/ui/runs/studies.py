"""Studies on the Runs page: one row each, which opens into its grid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from allcore.errors import InputError
from allcore.files import stamp
from allcore.number_text import duration, per_cent
from allcore.refusals import what_went_wrong
from allcore.runs.folder.states import ACTIVE, in_words
from allcore.studies.grid import Grid, grid_table
from allcore.studies.launch import ask_study_to_stop, start_study
from allcore.studies.store import PLAN_FILE, Study
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui import address
from pages.ui.guarded import guarded
from pages.ui.known.studies import grid_of, studies
from pages.ui.paging import choose_page
from pages.ui.runs.study_deletion import REFUSED, confirm_deletion, offer_deletion
from pages.ui.runs.study_scores import MOST_LINKS, show_scores
from pages.ui.show import per_cent_bar, per_cent_column, table
from pages.ui.sign_in import act, may_act

REFRESH_SECONDS = 5.0
PER_PAGE = 20


def show_studies() -> None:
    """Show each study as a row with its progress; they keep themselves up to date while one goes on."""
    if REFUSED in st.session_state:
        st.error(for_page(st.session_state.pop(REFUSED)), title="That did not work")
    confirm_deletion()
    found = studies()
    if not found:
        return
    st.header("Studies", anchor=False)
    active = any(_is_active(study) for study in found)
    st.fragment(guarded("the studies")(_rows), run_every=REFRESH_SECONDS if active else None)()


def _rows() -> None:
    if address.is_due():  # the page around these studies is to show one of their runs
        st.rerun()
    found = studies()
    asked = address.settle("study", {study.name for study in found}, "study")
    for study in _of_a_page(found, asked):
        try:
            grid = grid_of(study)
        except InputError as error:
            st.error(for_page(str(error)), title=for_page(f"{study.name} is damaged"))
            offer_deletion(study, is_active=False)
            continue
        with st.expander(_in_a_line(grid), expanded=study.name == asked, key=f"study-{study.name}"):
            _show_grid(study, grid)


def _of_a_page(found: Sequence[Study], asked: str | None) -> Sequence[Study]:
    """Let the user choose a page of the studies, where there are several (in the address as `studies_page`).

    Return those on it; before them, the one that is `asked` for where it is on another page.
    """
    if len(found) <= PER_PAGE:
        return found
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        place = st.container(width="content")
        page = choose_page(math.ceil(len(found) / PER_PAGE), "studies_page", "studies")
    first = (page - 1) * PER_PAGE
    shown = found[first : first + PER_PAGE]
    place.caption(f"{first + 1:,} to {first + len(shown):,} of {len(found):,} studies")
    return [*(study for study in found if study.name == asked and study not in shown), *shown]


def _in_a_line(grid: Grid) -> str:
    done = f"{grid.counts['succeeded']} of {len(grid.members)} runs, {per_cent(grid.progress, 0)}"
    left = f", {duration(grid.eta_seconds)} left" if grid.is_active and grid.eta_seconds is not None else ""
    return for_page(f"{grid.study}: {in_words(grid.state)}, {done}{left}")


def _show_grid(study: Study, grid: Grid) -> None:
    st.progress(grid.progress)
    if grid.is_active and grid.phase:
        st.caption(for_page(grid.phase))
    if grid.error:
        st.error(for_page(grid.error), title="Not all members succeeded")
    with st.container(horizontal=True):
        st.button(
            "Stop", icon=":material/stop:", key=f"stop-{study.name}", disabled=not (grid.is_active and may_act()),
            on_click=_carry_out, args=("stop", study),
            help="The runs that are under way stop at their next batch and keep their checkpoints.",
        )  # fmt: skip
        st.button(
            "Resume", icon=":material/play_arrow:", disabled=grid.state in ACTIVE or grid.is_whole or not may_act(),
            key=f"resume-{study.name}", on_click=_carry_out, args=("resume", study),
            help="Goes on with what is missing or did not succeed.",
        )  # fmt: skip
        offer_deletion(study, is_active=grid.is_active)
    frame = grid_table(grid)
    table(
        frame.assign(
            progress=100 * frame["progress"], state=frame["state"].map(in_words),
            best_validation_accuracy=100 * frame["best_validation_accuracy"],
        ).drop(columns="setting"),
        f"study-{study.name}", "The members of the study with state, progress and what went wrong",
        {
            "place": "Place", "seed": "Seed", "fold": "Fold", "state": "State", "run": "Run",
            "progress": per_cent_bar("Progress"),
            "best_validation_accuracy": per_cent_column("Best validation accuracy (%)"),
            "seconds": st.column_config.NumberColumn("Trained (s)", format="%.0f"),
            "note": st.column_config.TextColumn("What went wrong", width="large"),
        },
        placeholder="–",
    )  # fmt: skip
    show_scores(study, grid, stamp(study.folder / PLAN_FILE))
    for member in [member for member in grid.members if member.state in ("failed", "interrupted")][:MOST_LINKS]:
        st.button(
            for_page(f"{member.place.name}: {in_words(member.state)}"), key=f"show-{member.run}", type="tertiary",
            help="Show this run", on_click=address.put_for_page, args=("run", member.run),
        )  # fmt: skip


def _carry_out(action: str, study: Study) -> None:
    """Stop or resume a study; what stands in the way is kept for the page to show."""
    of = open_workspace()
    try:
        act(action, study.name, lambda: ask_study_to_stop(study, of) if action == "stop" else start_study(study, of))
    except (InputError, OSError) as error:
        st.session_state[REFUSED] = what_went_wrong(error)


def _is_active(study: Study) -> bool:
    try:
        return grid_of(study).is_active
    except InputError:
        return False
