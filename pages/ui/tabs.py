"""Tabs of a page, of which the open one alone is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from pages.ui import address


def open_tab(tabs: Mapping[str, Callable[[], None]]) -> None:
    """Show tabs by their names and draw the open one (in the address as `view`), at first the first one."""
    first = next(iter(tabs))
    address.leave_behind("view", tabs)
    view = address.settle("view", tabs, "tab", default=first) or first
    for tab, draw in zip(st.tabs(list(tabs), **address.follow("view", view)), tabs.values(), strict=True):
        if tab.open:
            with tab:
                draw()
