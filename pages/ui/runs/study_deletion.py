"""Deleting a study from the page Runs, alone or with its runs: asked first."""

from __future__ import annotations

import streamlit as st

from allcore.errors import InputError
from allcore.refusals import what_went_wrong
from allcore.runs.folder.store import Run
from allcore.studies.deletion import delete_study
from allcore.studies.store import Study
from allcore.text import counted, for_page
from allcore.workspace import open_workspace
from pages.ui import address
from pages.ui.guarded import guarded
from pages.ui.known.runs import runs
from pages.ui.sign_in import act, may_act

REFUSED = "study refused"
"""Where the session keeps what stands in the way of an action on a study, for the page to show."""
_ASKED = "study to be deleted"


def offer_deletion(study: Study, *, is_active: bool) -> None:
    """Show the button that asks to delete a study; the whole page is drawn anew to confirm it, see `confirm_deletion`.

    What is drawn anew by itself, as the studies are, would take the question away.
    """
    if st.button(
        "Delete", icon=":material/delete:", key=f"delete-{study.name}", disabled=is_active or not may_act(),
        help="Asks whether its runs are to go as well.",
    ):  # fmt: skip
        st.session_state[_ASKED] = study.name
        st.rerun()


def confirm_deletion() -> None:
    """Ask before the study is deleted whose button was pressed."""
    name = st.session_state.pop(_ASKED, None)
    if name is not None:
        _confirm(Study(open_workspace().studies / name))


@st.dialog("Delete this study?")
@guarded("the question before deleting")
def _confirm(study: Study) -> None:
    st.write(for_page(f"The plan and the results of {study.name} are removed from the disk. This cannot be undone."))
    mine = _runs_of(study)
    if mine:
        st.write(f"{counted(len(mine), 'run')} of it can stay among the others, or be deleted as well.")
    with st.container(horizontal=True):
        pressed = st.button(
            "Delete the study alone" if mine else "Delete it", type="primary", icon=":material/delete:",
            on_click=_delete, args=(study,), kwargs={"with_runs": False},
        )  # fmt: skip
        if mine:
            pressed |= st.button(
                f"Delete it with {counted(len(mine), 'run')}", icon=":material/delete_sweep:",
                on_click=_delete, args=(study,), kwargs={"with_runs": True},
            )  # fmt: skip
        if st.button("Cancel", key="keep-study") or pressed:
            st.rerun()


def _delete(study: Study, *, with_runs: bool) -> None:
    """Delete a study; what stands in the way is kept for the page to show."""
    mine, what = _runs_of(study), "delete with its runs" if with_runs else "delete"
    try:
        act(what, study.name, lambda: delete_study(study, open_workspace(), with_runs=with_runs))
    except (InputError, OSError) as error:
        st.session_state[REFUSED] = what_went_wrong(error)
    if not study.folder.is_dir() and st.query_params.get("study") == study.name:
        address.put("study", None)
    if st.query_params.get("run") in [run.id for run in mine if not run.folder.is_dir()]:
        address.put("run", None)


def _runs_of(study: Study) -> list[Run]:
    return [run for _, run in study.runs_at_places(runs())]
