"""Choosing one of a dataset's classes, of which there may be a hundred, with long names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from rich.cells import cell_len

from allcore.text import for_page

_ROOM = 120
"""Columns that the names may take together as buttons: two or three lines of a narrow screen."""


def choose_class(
    label: str,
    classes: Sequence[str],
    default: str | None = None,
    *,
    required: bool = False,
    **widget: Any,  # noqa: ANN401 - what both widgets take: key, callback, binding
) -> str | None:
    """Let the user choose a class: by buttons, or in a box to search where the names need more room than buttons have.

    Returns the chosen one; None where no class is chosen, unless one is `required`. A `default`, which need not be a
    class itself, makes it so.
    """
    options = [*([] if default is None or default in classes else [default]), *classes]
    required = required or default is not None
    if sum(map(cell_len, options)) > _ROOM:
        place = options.index(default) if default is not None else 0 if required else None
        return st.selectbox(label, options, place, placeholder="all", **widget)
    if not required:
        return st.pills(label, options, format_func=for_page, wrap=True, **widget)
    return st.segmented_control(
        label, options, default=default, required=True, format_func=for_page, wrap=True, **widget
    )
