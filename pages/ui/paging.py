"""Pages, sheets and the like: what is chosen means something only beside what it is chosen from."""

from __future__ import annotations

import streamlit as st


def choose_page(count: int, key: str, of: str) -> int:
    """Let the user choose one of `count` pages, in the address as `key`; `of` is another text where they are of others.

    Then the first page is shown. A link, and going back, lead to the page that their address names.
    """
    begin_anew(key, of, 1)
    return st.pagination(count, key=key, bind="query-params")


def begin_anew(key: str, of: str, first: object) -> None:
    """Let the widget with a key show its `first` value where it belongs to others, of another text, than before.

    That is so where the first value follows from what is shown: it is not in the address, and would be another there.
    """
    if st.session_state.get(_kept(key), of) != of:
        st.session_state[key] = first
    st.session_state[_kept(key)] = of


def turn_to(page: int, key: str, of: str) -> None:
    """Let this be the page that is shown when those of `of` are next."""
    st.session_state[key], st.session_state[_kept(key)] = page, of


def _kept(key: str) -> str:
    return f"{key} is of"
