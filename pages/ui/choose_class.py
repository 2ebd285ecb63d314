"""Choosing one of a dataset's classes, of which there may be a hundred, with long names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from rich.cells import cell_len

from pages.ui.show import plain

_ROOM = 120
"""Columns that the names may take together as buttons: two or three lines of a narrow screen."""


def choose_class(label: str, classes: Sequence[str], default: str | None = None, **widget: Any) -> str | None:  # noqa: ANN401
    """Let the user choose a class: by buttons, or in a box to search where the names need more room than buttons have.

    `widget` is what both take: key, callback, binding. Returns the chosen one; None where `default` is none and no class
    is chosen. A `default` need not be a class itself.
    """
    options = [*([] if default is None or default in classes else [default]), *classes]
    if sum(map(cell_len, options)) > _ROOM:
        place = None if default is None else options.index(default)
        return st.selectbox(label, options, place, placeholder="all", **widget)
    if default is None:
        return st.pills(label, options, format_func=plain, wrap=True, **widget)
    return st.segmented_control(label, options, default=default, required=True, format_func=plain, wrap=True, **widget)
