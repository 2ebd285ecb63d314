"""Freeing disk space: what can go is named first."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allcore.errors import InputError
from allcore.number_text import memory
from allcore.refusals import what_went_wrong
from allcore.runs.prune import Superfluous, remove, superfluous
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui.guarded import guarded
from pages.ui.sign_in import act, may_act

REFUSED = "refused"
"""Where the session keeps what stands in the way of this, or of an action on a run, for the page to show."""


def is_space_to_free() -> bool:
    """Return whether there is anything that can be removed."""
    return bool(superfluous(open_workspace()))


def offer_to_free_space() -> None:
    """Show the button that names what can be removed."""
    if st.button("Free disk space", icon=":material/cleaning_services:", disabled=not may_act()):
        _free_disk_space()


@st.dialog("Free disk space", width="large")
@guarded("what can be removed")
def _free_disk_space() -> None:
    """Name what nobody needs or is made again when it is needed, and remove it once that is asked for."""
    found = superfluous(open_workspace())
    if not found:
        st.write("There is nothing that can be removed.")
        return
    st.write("Runs, models, predictions and datasets stay, and all that a run needs to be resumed.")
    root = open_workspace().root
    rows = [(memory(each.bytes), str(each.path.relative_to(root)), each.what) for each in found]
    st.dataframe(
        pd.DataFrame(rows, columns=["Size", "Where", "What it is"]),
        hide_index=True,
        alt="What can be removed, with its size and what it is",
    )
    total = memory(sum(each.bytes for each in found))
    with st.container(horizontal=True):
        freed = st.button(
            f"Remove it, {total}", type="primary", icon=":material/delete:", on_click=_free, args=(found,),
            disabled=not may_act(),
        )  # fmt: skip
        if st.button("Cancel", key="keep-all") or freed:
            st.rerun()


def _free(shown: list[Superfluous]) -> None:
    """Remove what was shown and can still go: a run may have been started meanwhile."""
    still = {each.path for each in superfluous(open_workspace())}
    try:
        freed = act("free", "disk space", lambda: remove([each for each in shown if each.path in still]))
        st.toast(for_page(f"{memory(freed)} are free again."))
    except (InputError, OSError) as error:
        st.session_state[REFUSED] = what_went_wrong(error)
