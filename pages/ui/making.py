"""What a page makes because it was asked to, with progress, and then shows: probes, baselines, maps, scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from allcore.errors import InputError
from allcore.progress import Progress
from pages.ui.known.workspace import workspace
from pages.ui.shared_work import CancelledError, wait_for
from pages.ui.show import plain


def make_and_show(
    key: str, doing: str, refused: str, work: Callable[[Progress], object], dataset: Path | None = None
) -> None:
    """Have the work of a key done as `wait_for` does, and run the page again to show what came of it.

    `refused` is said above the reason where it cannot be done, or the `dataset` that it reads lies outside the roots.
    """
    try:
        if dataset is not None:
            workspace().allowed(dataset)
        wait_for(key, f"{doing}; it goes on when you leave this page", work)
    except CancelledError:
        st.caption("It was cancelled.")
    except InputError as error:
        st.error(plain(str(error)), title=refused)
    else:
        st.rerun()
