"""The settings of augmentation as widgets, made from the fields of the configuration."""

from __future__ import annotations

from types import NoneType
from typing import Any, get_args

import streamlit as st
from pydantic.fields import FieldInfo

from allcore.config import AugmentConfig
from allcore.paper import NOT_STATED

BRIGHTEST = 2.0
"""Upper end of the slider for brightness; the configuration allows more, of which little is left to see."""


def augment_settings() -> AugmentConfig:
    """Let the user choose the settings (each kept in the URL by its name), and return them."""
    chosen: dict[str, Any] = {}
    with st.grid("auto", min_column_width=220, border=True) as grid:
        for name, field in AugmentConfig.model_fields.items():
            with grid.cell():
                chosen[name] = _widget(name, field)
                st.caption(f"{_sentence(field)} {_of_the_paper(name, field)}")
    return AugmentConfig(**chosen)


def _widget(name: str, field: FieldInfo) -> Any:  # noqa: ANN401 - whatever the field holds
    label = name.replace("_", " ").capitalize()
    if field.annotation is bool:
        return st.toggle(label, field.default, key=name, bind="query-params")
    if field.annotation is float:
        least, most = (getattr(limit, side) for side, limit in zip(("ge", "le"), _limits(field), strict=True))
        step = 1.0 if most > 1 else 0.05
        return st.slider(label, least, most, field.default, step, key=name, bind="query-params")
    if name == "brightness":
        return st.slider(label, 0.05, BRIGHTEST, field.default, 0.05, key=name, bind="query-params")
    return st.segmented_control(
        label, get_args(field.annotation), default=field.default, required=True, key=name, bind="query-params"
    )


def _limits(field: FieldInfo) -> list[Any]:
    return [limit for limit in field.metadata if limit is not NoneType]
