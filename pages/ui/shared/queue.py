"""The devices, the runs that have them, and those that wait."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from allcore.config import TrainConfig
from allcore.errors import ConfigError
from allcore.runs.execution.devices import Device
from allcore.runs.folder.process import host
from allcore.runs.summary import RunSummary
from allcore.text import for_page
from pages.ui.guarded import guarded
from pages.ui.known.runs import (
    phase_text,
    places_in_the_queue,
    refresh_every,
    runs,
    state_badge,
    states,
    summaries,
    watch,
)
from pages.ui.known.workspace import executor

_MOST_WAITING = 10


def show_queue() -> None:
    """Show queued and running runs, first come first; they keep themselves up to date while there are some."""
    st.header("Queue", anchor=False)
    watch(states(runs()))
    st.fragment(guarded("the queue")(_rows), run_every=refresh_every(summaries(runs())))()


def show_devices(all_runs: Sequence[RunSummary]) -> None:
    """Show who has which device, and how many wait; nothing while no run goes on."""
    active = in_turn(all_runs)
    if not active:
        return
    waiting = sum(one.state == "queued" for one in active)
    lines = [f"{device}: {holder}" for device, holder in in_use(active, _devices(), host())]
    if waiting:
        lines.append(f"{waiting:,} {'waits' if waiting == 1 else 'wait'}, first {_first_waiting(active)}")
    st.caption(for_page(" · ".join(lines)))


def in_turn(all_runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Return the runs that are going on or wait, first come first."""
    active = [one for one in all_runs if one.is_active]
    return sorted(active, key=lambda one: one.queued_at)


def _first_waiting(active: Sequence[RunSummary]) -> str:
    """Return the id of the first run that waits."""
    return next(one.id for one in active if one.state == "queued")


def in_use(active: Sequence[RunSummary], devices: Sequence[Device], here: str) -> list[tuple[str, str]]:
    """Return each device of this machine, and each in use elsewhere, with the runs that have it or `free`.

    Several runs can have one of the same name: a scheduler gives each job a part of a machine, which counts from 0.
    """
    holders: dict[tuple[str, str], list[str]] = {(here, device.label): [] for device in devices}
    for one in active:
        if one.state != "queued":
            for label in one.devices or ("a device",):
                holders.setdefault((one.host, label), []).append(one.id)
    return [
        (label if where in ("", here) else f"{label} of {where}", ", ".join(ids) or "free")
        for (where, label), ids in holders.items()
    ]


@st.cache_data(ttl="1m", refresh_mode="background", max_entries=1, show_spinner=False)
def _devices() -> tuple[Device, ...]:
    """Return the executor's devices, at most a minute old; none where a setting of them is wrong: launching says so."""
    try:
        return executor().devices()
    except ConfigError:
        return ()


def runs_at_once(config: TrainConfig) -> int:
    """Return how many runs of a configuration go on at a time, as was known a minute ago. Raises `InputError`."""
    return _at_once(config, config.device, config.devices)


@st.cache_data(ttl="1m", refresh_mode="background", max_entries=8, show_spinner=False)
def _at_once(_config: TrainConfig, device: str, number: int) -> int:
    return executor().at_once(_config)


def _rows() -> None:
    active = in_turn(summaries(runs()))
    if not active:
        st.caption("Nothing is queued or running.")
        return
    show_devices(active)
    places = places_in_the_queue()
    waiting = [one for one in active if one.state == "queued"]
    for summary in [one for one in active if one.state != "queued"] + waiting[:_MOST_WAITING]:
        with st.container(horizontal=True, vertical_alignment="center"):
            state_badge(summary.state)
            st.page_link("pages/runs.py", label=for_page(summary.id), icon="", query_params={"run": summary.id})
            st.caption(for_page(phase_text(summary, places)), width="content")
    if (more := len(waiting) - _MOST_WAITING) > 0:
        st.caption(f"and {more:,} more that wait")
