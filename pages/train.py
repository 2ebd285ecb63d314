"""Train: choose data and settings, see what they will take, and launch a run or a study of many."""

import streamlit as st

from allcore.config import AS_GIVEN
from pages.ui.known.workspace import catalog
from pages.ui.shared.choose import choose_dataset, choose_variant
from pages.ui.shared.labels import show_changes
from pages.ui.shared.queue import show_queue
from pages.ui.train.card import show_card
from pages.ui.train.config_form import config_form
from pages.ui.train.initial import QUICK, choose_preset, initial_config, preset_config, say_handed_over
from pages.ui.train.planned import planned
from pages.ui.train.split import show_split
from pages.ui.train.study_form import choose_launch

st.title("Train")
folder = choose_dataset()
if folder is None:
    show_queue()
    st.stop()
images = catalog(folder)
variant = choose_variant(images)
preset = choose_preset()
if preset is None:
    st.stop()
of_preset = preset_config(preset, images, variant)
card = st.container(border=True)
with card:
    asked = choose_launch(quick=preset == QUICK)

st.header("Settings", anchor=False)
say_handed_over()
fields = config_form(preset.lower(), initial_config(of_preset))
now = planned(images, variant, fields, asked)
with card:
    show_card(now, of_preset, preset.lower())

if now.division is not None:
    if now.division.config.labels != AS_GIVEN:
        st.header("Labels", anchor=False)
        show_changes(images, variant, now.division.config.labels)
    st.header("Split", anchor=False)
    show_split(now.division, now.plan, has_parts=images.has_parts)
show_queue()
