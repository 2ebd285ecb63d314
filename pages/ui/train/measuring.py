"""Measuring how fast configurations train, as long work whose results all sessions share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from allcore.config import TrainConfig
from allcore.progress import Progress
from allcore.runs.estimate import Speed, cost_key
from allcore.runs.measure import measure
from allcore.workspace import open_workspace
from pages.ui.shared_work import wait_for, wait_if_under_way


@st.cache_resource(show_spinner=False)
def measured() -> dict[str, Speed]:
    """Return the speeds that were measured since the app started, by their cost keys; all sessions share them."""
    return {}


def measuring_key(configs: Sequence[TrainConfig]) -> str:
    """Return the name under which measuring some configurations is under way."""
    return f"speeds of {' '.join(map(cost_key, configs))} in {open_workspace().root}"


def measure_all(configs: Sequence[TrainConfig]) -> None:
    """Measure the speed of each configuration, with progress, and keep it."""
    place, kept = open_workspace(), measured()

    def work(progress: Progress) -> None:
        for number, config in enumerate(configs):
            found = measure(config, place, while_waiting=partial(progress, number, len(configs)))
            kept[cost_key(config)] = found.speed()

    wait_for(measuring_key(configs), _doing(configs), work, on=configs[0].dataset)


def wait_while_measured(configs: Sequence[TrainConfig]) -> None:
    """Wait, with progress, for somebody's measuring of the configurations."""
    wait_if_under_way(measuring_key(configs), _doing(configs))


def _doing(configs: Sequence[TrainConfig]) -> str:
    sizes = ", ".join(str(config.image_size) for config in configs)
    return f"Training a few steps at {sizes} px; it goes on when you leave this page"
