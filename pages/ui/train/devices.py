"""The devices of this machine that runs would be trained on."""

from __future__ import annotations

import streamlit as st

from allcore.hardware import Devices, system_devices


@st.cache_data(ttl="1m", refresh_mode="background", max_entries=1, show_spinner=False)
def devices() -> Devices:
    """Return this machine's devices, at most a minute old."""
    return system_devices()
