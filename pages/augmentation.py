"""Augmentation: what each setting does to an image, and what a run's network saw in any epoch."""

import streamlit as st

from pages.ui.augmentation.preview import show_preview
from pages.ui.augmentation.seen import show_seen

RANDOM, ALONE, AS_SEEN = "Random changes", "Each operation alone", "As a run saw it"

st.title("Augmentation")
st.write("Each epoch shows the network every training image turned, mirrored, and made brighter or darker.")
view = st.segmented_control(
    "Show", [RANDOM, ALONE, AS_SEEN], default=RANDOM, required=True, key="augmentation", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
if view == AS_SEEN:
    show_seen()
else:
    show_preview(alone=view == ALONE)
