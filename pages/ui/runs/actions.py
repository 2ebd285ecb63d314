"""Stopping, resuming and deleting a run, and what stood in the way of it."""

from __future__ import annotations

import streamlit as st

from allcore.errors import InputError
from allcore.refusals import what_went_wrong
from allcore.runs.execution.choose_executor import executor_of, resume
from allcore.runs.folder.states import ACTIVE, RESUMABLE, in_words
from allcore.runs.folder.store import Run
from allcore.text import for_page
from pages.ui import address
from pages.ui.guarded import guarded
from pages.ui.known.runs import states
from pages.ui.known.workspace import executor
from pages.ui.runs.free_space import REFUSED, offer_to_free_space
from pages.ui.sign_in import act, may_act


def show_refused() -> None:
    """Say once what stood in the way of the last action."""
    with st.container():
        if REFUSED in st.session_state:
            st.error(for_page(st.session_state.pop(REFUSED)), title="That did not work")


def show_buttons(run: Run, state: str) -> None:
    """Show the buttons that stop, resume or delete a run that is shown in a state, and what can be done with it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Stop", icon=":material/stop:", disabled=state not in ACTIVE or not may_act(), on_click=_carry_out,
            args=("stop", run, state), help="Stops after the batch that is under way. The checkpoint is kept.",
        )  # fmt: skip
        st.button(
            "Resume", icon=":material/play_arrow:", disabled=state not in {*RESUMABLE, "damaged"} or not may_act(),
            on_click=_carry_out, args=("resume", run, state), help="Goes on from the last checkpoint.",
        )  # fmt: skip
        if st.button("Delete", icon=":material/delete:", disabled=state in ACTIVE or not may_act()):
            _confirm_deletion(run, state)
        offer_to_free_space()
        if state == "succeeded":
            st.page_link("pages/evaluate.py", label="Evaluate", icon=":material/grid_on:", query_params={"run": run.id})


@st.dialog("Delete this run?")
@guarded("the question before deleting")
def _confirm_deletion(run: Run, shown: str) -> None:
    """Ask before a run is deleted that was shown in a state."""
    if run.folder.is_symlink():
        st.write(for_page(f"{run.id} is a link, which is removed; the run itself stays in {run.folder.readlink()}."))
    else:
        st.write(f"{for_page(run.id)}, its model and its predictions are removed from the disk. This cannot be undone.")
    with st.container(horizontal=True):
        deleted = st.button(
            "Delete it", type="primary", icon=":material/delete:", on_click=_carry_out, args=("delete", run, shown)
        )
        if st.button("Cancel") or deleted:
            st.rerun()


def _carry_out(action: str, run: Run, shown: str) -> None:
    """Stop, resume or delete a run that was shown in a state; what stands in the way is kept for the page to show."""
    now = states([run])[run.id] if run.folder.is_dir() else "deleted"
    going_on = shown in ACTIVE and now in ACTIVE
    if now != shown and not going_on:
        st.session_state[REFUSED] = (
            f"{run.id} was {in_words(shown)} when you chose to {action} it, and is {in_words(now)} now."
        )
        return
    try:
        act(action, run.id, lambda: _change(action, run))
    except (InputError, OSError) as error:
        st.session_state[REFUSED] = what_went_wrong(error)
    else:
        if action == "delete":
            address.put("run", None)


def _change(action: str, run: Run) -> None:
    if action == "stop":
        executor_of(run, executor().workspace).stop_in_background(run)
    elif action == "resume":
        resume(run, executor())
    else:
        executor().store.delete(run)
