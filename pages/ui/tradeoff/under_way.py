"""The runs whose points are yet to come."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pandas as pd
import streamlit as st

from allcore.errors import RunError
from allcore.runs.folder.store import Run
from pages.ui import show
from pages.ui.guarded import guarded

_SECONDS = 3


@st.fragment(run_every=_SECONDS)
@guarded("the runs under way")
def follow(runs: Sequence[Run]) -> None:
    """List the runs that are queued or running."""
    rows = []
    for run in runs:
        with suppress(RunError):  # deleted, or damaged, since the states were read
            rows.append(_under_way(run))
    show.table(
        pd.DataFrame(rows),
        "under-way",
        "Runs that are queued or running",
        {"minutes left": st.column_config.NumberColumn(format="%.1f")},
        placeholder="",
    )


def _under_way(run: Run) -> dict[str, object]:
    status = run.status()
    return {
        "run": run.id,
        "image size (px)": run.config.image_size,
        "state": status.state,
        "epochs": f"{status.epoch} of {status.epochs}",
        "minutes left": None if status.eta_seconds is None else status.eta_seconds / 60,
    }
