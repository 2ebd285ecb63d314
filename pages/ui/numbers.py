"""Numbers in addresses."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Literal

import streamlit as st
from streamlit.errors import StreamlitAPIException


def bound_number(key: str) -> Literal["query-params"] | None:
    """Return how the widget of a number is bound to the address: not for once where that names none, which is dropped.

    Streamlit itself falls back to the default where a number is out of range, and faults where it is infinite.
    """
    try:
        if math.isfinite(float(st.query_params.get(key, "0"))):
            return "query-params"
    except ValueError:
        return "query-params"
    with suppress(StreamlitAPIException):  # it came by going back to it
        del st.query_params[key]
    return None
