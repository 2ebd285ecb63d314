"""Figures, each drawn once for all who look at the same."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import fields, is_dataclass
from functools import partial
from io import BytesIO
from typing import Any

import plotly.graph_objects as go
import streamlit as st

_TOOLBAR = 32
"""Pixels that a figure's toolbar takes at its top."""
_TEXT = {"color": "#676d7a"}  # Streamlit's grey for charts is too pale to read on white


def drawn(draw: partial[go.Figure]) -> go.Figure:
    """Return the figure that a function of the core makes of its arguments, in the colours of this session's theme.

    Sessions share it, so it must not be changed. It is known by the function's name and by what its arguments hold.
    """
    contents = BytesIO()
    _Pickler(contents).dump((draw.func.__module__, draw.func.__qualname__, draw.args, draw.keywords))
    return _drawn(hashlib.sha256(contents.getvalue()).hexdigest(), draw, light=st.context.theme.type == "light")


class _Pickler(pickle.Pickler):
    """Writes the fields alone of a dataclass, and nothing that it has worked out from them since."""

    def reducer_override(self, value: object) -> Any:  # noqa: ANN401 - as pickle declares it
        if is_dataclass(value) and not isinstance(value, type):
            return type(value), tuple(getattr(value, field.name) for field in fields(value))
        return NotImplemented


@st.cache_resource(max_entries=128, show_spinner=False)
def _drawn(contents: str, _draw: partial[go.Figure], *, light: bool) -> go.Figure:
    chart = _draw()
    if light:
        chart.update_layout(font=_TEXT, legend={"font": _TEXT, "title_font": _TEXT})
        chart.update_xaxes(tickfont=_TEXT, title_font=_TEXT).update_yaxes(tickfont=_TEXT, title_font=_TEXT)
    _make_room(chart)
    return chart


def _make_room(chart: go.Figure) -> None:
    """Move what is drawn below the toolbar, which always stands in a figure's upper right corner."""
    top = chart.layout.margin.t
    if top is not None and top < _TOOLBAR:
        if chart.layout.height is not None:
            chart.update_layout(height=chart.layout.height + _TOOLBAR - top)
        chart.update_layout(margin={"t": _TOOLBAR})
