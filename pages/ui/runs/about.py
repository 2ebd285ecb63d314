"""Runs, what people say of a run: name, note, tags, and whether it is hidden."""

from __future__ import annotations

import streamlit as st

from allcore.errors import InputError, RunError
from allcore.refusals import what_went_wrong
from allcore.runs.folder.about import LONGEST_NAME, LONGEST_NOTE, About, about, say_of_run
from allcore.runs.folder.store import Run
from allcore.text import for_page
from pages.ui.sign_in import act, may_act
from pages.ui.stored_form import CHANGED, WHAT_TO_DO, begin


def show_about(run: Run) -> None:
    """Show what is said of a run, as a form to change it."""
    try:
        stored = about(run)
    except RunError as error:
        st.warning(for_page(str(error)), title="The name, note and tags of this run cannot be read")
        stored = About()
    began, end = begin(f"about {run.id}", stored)
    with st.form(f"about {run.id}", border=False):
        name = st.text_input("Name", began.name, LONGEST_NAME, key=f"name {end}")
        note = st.text_area("Note", began.note, max_chars=LONGEST_NOTE, key=f"note {end}")
        tags = st.text_input("Tags", ", ".join(began.tags), key=f"tags {end}", help="separated by commas")
        hidden = st.checkbox("Leave it out of the list", began.hidden, key=f"hidden {end}")
        pressed = st.form_submit_button("Save", icon=":material/save:", key=f"save {end}", disabled=not may_act())
    if not pressed:
        return
    if stored != began:
        st.error(WHAT_TO_DO, title=CHANGED)
        return
    said = About(name=name, note=note, tags=tuple(tags.split(",")), hidden=hidden)
    try:
        act("describe", run.id, lambda: say_of_run(run, said))
    except (InputError, OSError) as error:
        st.error(for_page(what_went_wrong(error)), title="That cannot be kept")
    else:
        st.rerun()
