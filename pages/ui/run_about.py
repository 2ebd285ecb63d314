"""Runs, what people say of a run: name, note, tags, and whether it is hidden."""

from __future__ import annotations

import streamlit as st

from allcore.errors import InputError, RunError
from allcore.refusals import what_went_wrong
from allcore.runs.about import LONGEST_NAME, LONGEST_NOTE, About, about, say_of_run
from allcore.runs.store import Run
from pages.ui.show import plain
from pages.ui.sign_in import act, may_act
from pages.ui.stored_form import stored


def show_about(run: Run) -> None:
    """Show what is said of a run, as a form to change it."""
    try:
        now = about(run)
    except RunError as error:
        st.warning(plain(str(error)), title="The name, note and tags of this run cannot be read")
        now = About()
    found = stored(f"about {run.id}", now.model_dump_json())
    here = f"{run.id}: {found.mark}"
    with st.form(f"about {run.id}", border=False):
        name = st.text_input("Name", now.name, LONGEST_NAME, key=f"name of {here}")
        note = st.text_area("Note", now.note, max_chars=LONGEST_NOTE, key=f"note of {here}")
        tags = st.text_input("Tags", ", ".join(now.tags), key=f"tags of {here}", help="separated by commas")
        hidden = st.checkbox("Leave it out of the list", now.hidden, key=f"hidden {here}")
        pressed = st.form_submit_button("Save", icon=":material/save:", disabled=not may_act())
    if not pressed or found.refused():
        return
    said = About(name=name, note=note, tags=tuple(tags.split(",")), hidden=hidden)
    try:
        act("describe", run.id, lambda: say_of_run(run, said))
    except (InputError, OSError) as error:
        st.error(plain(what_went_wrong(error)), title="That cannot be kept")
    else:
        st.rerun()
