"""Runs: all of them, and one or several as they go; stop, resume, delete, and what they leave."""

import streamlit as st

from pages.ui.known.runs import runs, summaries, watch
from pages.ui.known.studies import studies
from pages.ui.runs.about import show_about
from pages.ui.runs.actions import show_buttons, show_refused
from pages.ui.runs.downloads import show_downloads
from pages.ui.runs.free_space import is_space_to_free, offer_to_free_space
from pages.ui.runs.listing import show_list
from pages.ui.runs.live import show_live
from pages.ui.runs.settings import show_settings
from pages.ui.runs.studies import show_studies
from pages.ui.shared.choose import select_run
from pages.ui.shared.queue import show_devices
from pages.ui.sign_in import show_actions

st.title("Runs")
show_studies()
known = {run.id: run for run in runs()}
show_refused()
if not known:
    watch({})
    if not studies():
        st.info("Launch one on the Train page; the quick preset takes minutes.", title="No run yet")
        st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
    if is_space_to_free():
        offer_to_free_space()
    st.stop()

now = {summary.id: summary for summary in summaries(list(known.values()))}
watch({one.id: one.state for one in now.values()})
show_devices(list(now.values()))
show_list(list(now.values()))

run = select_run(known)
if run is None:
    offer_to_free_space()
    st.stop()
summary = now[run.id]
show_buttons(run, summary.state)
said = st.expander("Name, note, tags", icon=":material/label:", on_change="rerun", key="said")
if said.open:
    with said:
        show_about(run)
compared = show_live(run, known, now)
show_settings(run, summary.state, [known[one] for one in compared])
show_actions(*filter(None, (run.id, summary.study)))
st.header("Files", anchor=False)
show_downloads(run)
