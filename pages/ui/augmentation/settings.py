"""The settings of augmentation as widgets, made from the fields of the configuration."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any, get_args

import streamlit as st
from pydantic.fields import FieldInfo

from allcore.config import make_config
from allcore.config_parts import AugmentConfig
from allcore.errors import ConfigError
from allcore.paper import AUGMENTATION
from allcore.text import for_page

_ENDS = {"brightness": (0.05, 2.0), "scale": (0.25, 2.0)}
"""Ends of the sliders; the configuration allows up to 4, of which little is left to see."""


def augment_settings() -> AugmentConfig:
    """Let the user choose the settings (each kept in the URL by its field's name), and return them.

    The page ends here, with the reason, where they do not fit together.
    """
    chosen: dict[str, Any] = {}
    for name, field in AugmentConfig.model_fields.items():
        with st.container(gap="xxsmall"):
            chosen[name] = _widget(name, field)
            what = str(field.description)
            said = f"Paper: {AUGMENTATION[name]}." if name in AUGMENTATION else "Not in the paper."
            st.caption(f"{what[:1].upper()}{what[1:]}. {said}")
    try:
        return make_config(dataset="", augment=chosen).augment
    except ConfigError as error:
        st.error(for_page(str(error)), title="These settings do not fit")
        st.stop()


def _widget(name: str, field: FieldInfo) -> Any:  # noqa: ANN401 - whatever the field holds
    label = name.replace("_", " ").capitalize() + (" (±)" if name == "degrees" else "")
    if field.annotation is bool:
        return st.toggle(label, field.default, key=name, bind="query-params")
    if field.annotation is float:
        least, most = (astuple(limit)[0] for limit in field.metadata)
        step, shown = (1.0, "%.0f") if most > 1 else (0.05, "%.2f")
        return st.slider(label, least, most, field.default, step, shown, key=name, bind="query-params")
    if name in _ENDS:
        return st.slider(label, *_ENDS[name], field.default, 0.05, key=name, bind="query-params")
    return st.segmented_control(
        label, get_args(field.annotation), default=field.default, required=True, key=name, bind="query-params"
    )
