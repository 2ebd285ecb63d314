"""The card of Train: what would be launched in a line, what it takes, and the buttons that launch and measure it."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from allcore.config import TrainConfig
from allcore.errors import ConfigError, InputError
from allcore.refusals import what_went_wrong
from allcore.reporting.settings import settings_table
from allcore.runs.estimate import Estimate
from allcore.runs.execution.preflight import training_missing
from allcore.text import counted, for_page
from pages.ui.known.workspace import asked_for_search
from pages.ui.shared_work import CancelledError, ask_again, is_under_way
from pages.ui.sign_in import act, may_act
from pages.ui.train.devices import devices
from pages.ui.train.estimates import show_estimate, show_study_estimate
from pages.ui.train.launching import launch, show_launches, warn_of_download, warn_of_hours
from pages.ui.train.measuring import measure_all, measuring_key, wait_while_measured
from pages.ui.train.planned import Planned
from pages.ui.train.study_form import plan_in_words


def show_card(planned: Planned, of_preset: TrainConfig, form: str) -> None:
    """Show what is planned, and launch or measure it when that is asked for; the settings are those of `form`."""
    missing = training_missing()
    if missing:
        st.warning(for_page(missing), title="Training is not installed")
    if planned.problem is not None:
        _say_problem(planned, planned.problem)
    else:
        _show_estimated(planned, of_preset)
        warn_of_hours(_seconds(planned), planned.costly, has_gpu=bool(devices().gpus))
        warn_of_download(planned.costly, form)
    launching, measuring = _buttons(planned, disabled=bool(planned.problem or missing) or not may_act())
    try:
        _carry_out(planned, launching=launching, measuring=measuring)
    except (InputError, OSError) as error:
        st.error(for_page(what_went_wrong(error)), title="That did not work")


def _say_problem(planned: Planned, problem: InputError) -> None:
    if isinstance(problem, CancelledError):
        st.warning("This split needs it; the random one does not.", title="The search for shared fields was cancelled")
        if asked_for_search(planned.images, planned.variant):
            st.rerun()
        return
    title = "These settings do not fit" if isinstance(problem, ConfigError) else "This cannot be trained on"
    st.error(for_page(str(problem)), title=title)


def _show_estimated(planned: Planned, of_preset: TrainConfig) -> None:
    config, plan, estimated = planned.config, planned.plan, planned.estimated
    images = planned.images.images(planned.variant)
    assert config is not None
    assert estimated is not None
    if isinstance(estimated, Estimate):
        st.markdown(for_page(_in_short(config, of_preset, f"{config.image_size} px")))
        show_estimate(estimated, images)
    else:
        assert plan is not None
        st.markdown(for_page(_in_short(plan.config, of_preset, plan_in_words(plan), plan.of_places)))
        show_study_estimate(plan, estimated, images)


def _seconds(planned: Planned) -> float | None:
    return None if planned.estimated is None else planned.estimated.total_seconds


def _buttons(planned: Planned, *, disabled: bool) -> tuple[bool, bool]:
    """Show the buttons, and return whether it is to be launched, and measured."""
    with st.container(horizontal=True):
        launching = st.button(
            "Launch" if planned.plan is None else f"Launch {counted(planned.plan.members, 'run')}", type="primary",
            icon=":material/rocket_launch:", disabled=disabled,
        )  # fmt: skip
        measuring = st.button(
            "Measure", icon=":material/speed:", disabled=disabled,
            help="Trains a few steps to estimate time and memory. It needs a device that no run has.",
        )  # fmt: skip
    return launching, measuring


def _carry_out(planned: Planned, *, launching: bool, measuring: bool) -> None:
    config, costly = planned.config, planned.costly
    if launching and config is not None:
        launch(config, planned.plan)
    said = show_launches()
    if measuring and config is not None:
        ask_again(measuring_key(costly))
        act("measure", config.dataset, lambda: measure_all(costly))
        st.rerun()
    if costly and not said and is_under_way(measuring_key(costly)):
        wait_while_measured(costly)
        st.rerun()


def _in_short(config: TrainConfig, of_preset: TrainConfig, begins: str, varied: Collection[str] = ()) -> str:
    """Return the configuration in a line that `begins` so, and what in it is not as in the preset.

    Nothing is said of settings that are `varied`: no run has to have the configuration's.
    """
    now, before = settings_table(config), settings_table(of_preset)
    changed = now[(now["value"] != before["value"]) & ~now["setting"].isin(varied)]
    parts = {
        "epochs": f"{config.epochs} epochs",
        "batch_size": f"batches of {config.batch_size}",
        "weights": f"{'ImageNet' if config.weights == 'imagenet' else config.weights} weights",
        "split.protocol": f"{config.split.protocol} split",
    }
    line = f"{', '.join([begins, *(said for setting, said in parts.items() if setting not in varied)])}."
    if changed.empty:
        return line
    return f"{line} Changed: {', '.join(f'{row.setting} {row.value}' for row in changed.itertuples())}."
