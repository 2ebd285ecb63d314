"""Choosing whose trade-off is shown: a study's, that of all succeeded runs, or the example."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from allcore.runs.folder.store import Run
from allcore.text import counted
from pages.ui import address

ALL = "all succeeded runs"
EXAMPLE = "example: real images"


def choose_runs(studies: Collection[str], *, any_run: bool) -> str | None:
    """Let the user choose by name (in the address as `study`); None when the address names what is not there."""
    choices = [*studies, *([ALL] if any_run else []), EXAMPLE]
    name = address.settle("study", choices, "study", first=choices[0])
    st.selectbox(
        "Runs", choices, None if name is None else 0, placeholder="Choose runs", **address.follow("study", name)
    )
    return name


def say_how_many(chosen: Sequence[Run], succeeded: Sequence[Run], active: Sequence[Run]) -> None:
    """Say how many of the chosen runs have succeeded, and what of the others."""
    others = len(chosen) - len(succeeded) - len(active)
    under_way = f", {len(active)} queued or running (listed at the end of this page, which fills by itself)"
    st.caption(
        f"{len(succeeded)} of {counted(len(chosen), 'run')} succeeded"
        + (under_way if active else "")
        + (f", {others} ended otherwise or cannot be read (the Runs page says more)" if others else "")
        + "."
    )
