"""Dataset, about it: where it came from, what is in it, the runs made on it; renamed and deleted from here."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from allcore.data.catalog import Catalog
from allcore.errors import InputError
from allcore.refusals import what_went_wrong
from allcore.reporting.datasets import facts_table, what_deleting_means
from allcore.runs.owned_datasets import DatasetFacts, dataset_facts, delete_dataset, rename_dataset
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui import address, show
from pages.ui.guarded import guarded
from pages.ui.known.runs import runs
from pages.ui.known.workspace import forget_catalogs, select_dataset
from pages.ui.shared.choose import OF_A_DATASET
from pages.ui.sign_in import act, may_act, show_actions

_REFUSED = "dataset refused"


def show_about_dataset(folder: Path, images: Catalog) -> None:
    """Show what is known of a dataset as a whole; one of the workspace's own can be renamed and deleted."""
    facts = dataset_facts(folder, open_workspace(), runs())
    if said := st.session_state.pop(_REFUSED, None):
        st.error(for_page(said), title="That did not work")
    narrow = {"fact": st.column_config.Column(width=150)}
    show.table(facts_table(facts, images), "about", "Where this dataset came from, and what is in it", narrow)
    if not facts.owned:
        st.caption("This folder lies outside the workspace and is only read: ALLscope neither renames nor deletes it.")
        return
    show_actions(facts.name, str(folder))
    kept = folder.is_symlink() or not may_act()
    with st.form("rename", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", facts.name, key=f"name of {folder}", width=280, disabled=kept)
        pressed = st.form_submit_button("Rename", icon=":material/edit:", disabled=kept)
    if pressed and name.strip() != facts.name:
        _rename(folder, name.strip())
    st.caption("Runs, studies and links to this dataset follow its new name.")
    if st.button("Delete this dataset", icon=":material/delete:", disabled=not may_act()):
        _confirm_deletion(facts)


def _rename(folder: Path, name: str) -> None:
    try:
        now = act("rename to " + name, folder.name, lambda: rename_dataset(folder, name, open_workspace()))
    except (InputError, OSError) as error:
        st.error(for_page(what_went_wrong(error)), title="It keeps its name")
        return
    forget_catalogs()
    select_dataset(now)
    st.rerun()


@st.dialog("Delete this dataset?")
@guarded("the question before deleting")
def _confirm_deletion(facts: DatasetFacts) -> None:
    st.write(for_page(what_deleting_means(facts)))
    with st.container(horizontal=True):
        deleted = st.button(
            "Delete it", type="primary", icon=":material/delete:", on_click=_delete, args=(facts.folder,)
        )
        if st.button("Cancel") or deleted:
            st.rerun()


def _delete(folder: Path) -> None:
    """Delete a dataset; what stands in the way is kept for the page to show."""
    try:
        act("delete", folder.name, lambda: delete_dataset(folder, open_workspace()))
    except (InputError, OSError) as error:
        st.session_state[_REFUSED] = what_went_wrong(error)
        return
    forget_catalogs()
    address.forget("data", OF_A_DATASET)
