"""Pages and sheets: their numbers mean something only beside what they number."""

from __future__ import annotations

import streamlit as st


def choose_page(count: int, key: str, of: str) -> int:
    """Let the user choose one of `count` pages, in the address as `key`; `of` is another text where they are of others.

    Then the first page is shown. A link, and going back, lead to the page that their address names.
    """
    if st.session_state.get(_kept(key), of) != of:
        st.session_state[key] = 1
    st.session_state[_kept(key)] = of
    return st.pagination(count, key=key, bind="query-params")


def turn_to(page: int, key: str, of: str) -> None:
    """Let this be the page that is shown when those of `of` are next."""
    st.session_state[key], st.session_state[_kept(key)] = page, of


def _kept(key: str) -> str:
    return f"{key} is of"
