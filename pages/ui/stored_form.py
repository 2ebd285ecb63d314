"""Forms over what is stored and anybody may change: they show what is stored now, and save nothing over it unseen."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

import streamlit as st


class Stored(NamedTuple):
    """What is stored as a form is drawn: a mark of it for its fields' keys, and whether it changed since the last time.

    A field keeps what it held at first for as long as its key stays, whatever is stored since.
    """

    mark: str
    changed: bool

    def refused(self) -> bool:
        """Return whether what was typed was typed over something else than what is stored now, and say so then."""
        if self.changed:
            st.warning(
                "The fields show what is stored now. Change it again and save.",
                title="Somebody else changed this meanwhile: nothing was saved",
            )
        return self.changed


def stored(what: str, text: str) -> Stored:
    """Note that a form shows `text`, all that is stored of `what`, and return what that means for it."""
    key, mark = f"stored: {what}", sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    before = st.session_state.get(key, mark)
    st.session_state[key] = mark
    return Stored(mark, before != mark)
