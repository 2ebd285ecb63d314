"""Forms that change what is stored: filled with it anew once it has changed, and never saved over somebody else's.

And forms that add something: they keep what was put into them until it was taken.
"""

from __future__ import annotations

import hashlib
from typing import TypeVar

import streamlit as st

CHANGED = "Somebody else has changed this meanwhile"
WHAT_TO_DO = (
    "Nothing was saved, and what you wrote still stands here. Copy what you need of it, reload the page to see what is "
    "stored now, and change that."
)
_Record = TypeVar("_Record")


def begin(form: str, stored: _Record) -> tuple[_Record, str]:
    """Return the record that a form begins with, and the end of the keys of its widgets, which tells records apart.

    It is what is stored; where the form's button, with the key `save` and that end, was just pressed, it is what was
    stored when the form was shown: what was typed is lost in no case, and what is no longer stored can be told.
    """
    kept = f"record of {form}"
    began: _Record = st.session_state.get(kept, stored)
    if not st.session_state.get(f"save {_end(form, began)}"):
        began = stored
    st.session_state[kept] = began
    return began, _end(form, began)


def _end(form: str, record: object) -> str:
    return f"{form} {hashlib.sha256(repr(record).encode('utf-8', 'replace')).hexdigest()[:16]}"


def key_of_form(name: str) -> str:
    """Return the key of a form, under which it keeps what was put into it until `empty_form` is called."""
    return f"{name} {st.session_state.get(f'emptied {name}', 0)}"


def empty_form(name: str) -> None:
    """Let a form with a `key_of_form` be empty when the page runs anew."""
    st.session_state[f"emptied {name}"] = st.session_state.get(f"emptied {name}", 0) + 1
