"""Launching a run or a study from a page: what is warned of before, and a second click on the same."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from allcore.config import TrainConfig
from allcore.reporting.number_text import duration, listed
from allcore.runs.preflight import must_download
from allcore.studies.launch import checked, start
from allcore.studies.plan import StudyPlan
from allcore.studies.store import StudyStore
from pages.ui.config_form import weights_key
from pages.ui.sign_in import act
from pages.ui.state import executor, workspace

_SAME_CLICK_SECONDS = 3.0
_HOURS_FROM = 3600.0
_LARGE_SIZE, _LARGE_EPOCHS = 200, 10


def warn_of_hours(seconds: float | None, configs: Sequence[TrainConfig], *, has_gpu: bool) -> None:
    """Warn before hours are spent: by what is known of the time, or where a large run would be made without a GPU."""
    other = "The preset *Quick* takes minutes; *Measure* estimates the time of these settings."
    if seconds is not None:
        if seconds > _HOURS_FROM:
            st.warning(f"About {duration(seconds)} on this machine. {other}", title="This takes hours")
    elif not has_gpu and any(map(_is_large, configs)):
        st.warning(f"Without a GPU, such a run takes many hours. {other}", title="This takes hours")


def warn_of_download(configs: Sequence[TrainConfig], form: str) -> None:
    """Warn where a run would download its initial weights, and offer random ones for the settings of `form`."""
    trunks = {one.network: one.trunk for one in configs if must_download(one.weights, one.trunk)}.values()
    if not trunks:
        return
    st.warning(
        f"The run downloads them ({sum(trunk.megabytes for trunk in trunks)} MB) when it starts, which needs a network "
        "connection. Without one, put a .weights.h5 file into the workspace and give its path as *Weights*, set "
        f"{listed([trunk.weights_variable for trunk in trunks])} before the app starts, or begin with random weights: "
        "everything works, and the scores will be lower.",
        title="The ImageNet weights are not on this machine",
    )
    st.button("Use random weights", icon=":material/casino:", on_click=_random_weights, args=(form,))


def launch(config: TrainConfig, plan: StudyPlan | None) -> str:
    """Queue a run, or start a study, and return its name; a second click on the same launches nothing more."""
    asked = config.model_dump() if plan is None else plan.model_dump(exclude={"name"})
    last = st.session_state.get("launched")
    if last and last["asked"] == asked and time.monotonic() - last["at"] < _SAME_CLICK_SECONDS:
        return str(last["name"])
    with st.spinner("Checking the images, the split and the weights …"):
        name = act("launch", None, lambda: executor().submit(config).id if plan is None else _launch_study(plan))
        # before anything is shown: at that, this run of the page ends where somebody has clicked meanwhile
        st.session_state["launched"] = {"asked": asked, "at": time.monotonic(), "name": name}
    return name


def _is_large(config: TrainConfig) -> bool:
    """Return whether a run without a GPU takes hours for certain."""
    return config.image_size >= _LARGE_SIZE and config.epochs >= _LARGE_EPOCHS


def _launch_study(plan: StudyPlan) -> str:
    """Check every member of a study, make its folder, start it, and return its name."""
    study = StudyStore(workspace().studies).create(checked(plan, workspace()))
    start(study, workspace())
    return study.name


def _random_weights(form: str) -> None:
    """Set a form's initial weights to random ones."""
    st.session_state[weights_key(form)] = "random"
