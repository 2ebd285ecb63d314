"""The settings that the form begins with: those of a preset, and the augmentation of the page Augmentation."""

from __future__ import annotations

import streamlit as st

from allcore.config import TrainConfig, make_config
from allcore.data.catalog import Catalog
from allcore.presets import PRESETS
from pages.ui import address
from pages.ui.train.devices import devices

QUICK = "Quick"
_PRESETS = {"Paper": "paper", QUICK: "quick", "Cells": "cells", "Custom": ""}
_AUGMENT = "augment"
"""Where the session keeps the augmentation that Augmentation hands over."""


def choose_preset() -> str | None:
    """Let the user choose a preset (in the address as `preset`); None when the address names one that is not there."""
    fitting = "Paper" if devices().gpus else QUICK
    preset = address.settle("preset", _PRESETS, "preset", first=fitting)
    st.segmented_control(
        "Preset", list(_PRESETS), required=True, **address.follow("preset", preset),
        help="The settings below begin with those of the preset; each preset keeps its own changes. The paper's "
        "settings take hours without a GPU, so without one the page begins with Quick.",
    )  # fmt: skip
    return preset


def preset_config(preset: str, of: Catalog, variant: str) -> TrainConfig:
    """Return a preset's configuration for a variant of a dataset."""
    split = {"protocol": "folders"} if of.has_parts else {}
    return make_config(dataset=str(of.root), variant=variant, split=split, **PRESETS.get(_PRESETS[preset], {}))


def initial_config(of_preset: TrainConfig) -> TrainConfig:
    """Return what the form begins with: a preset's configuration, with the augmentation that was handed over."""
    augment = st.session_state.get(_AUGMENT)
    return make_config(**of_preset.model_dump() | {"augment": augment}) if augment else of_preset


def say_handed_over() -> None:
    """Say where the augmentation is not the preset's, with the way back to that."""
    if not st.session_state.get(_AUGMENT):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("The augmentation is that of the Augmentation page.", width="content")
        st.button(
            "Use the preset's augmentation", icon=":material/undo:", on_click=st.session_state.pop,
            args=(_AUGMENT, None),
        )  # fmt: skip
