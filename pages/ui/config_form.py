"""The configuration as a form: one widget a field, made from the field itself, the paper's value beside it."""

from __future__ import annotations

import json
import types
import typing
import zlib
from collections.abc import Callable
from typing import Any, Literal

import streamlit as st
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from allcore.config import AugmentConfig, SplitConfig, TrainConfig
from allcore.model.architecture import CONVOLUTION_LAYERS
from allcore.reporting.settings import shown

SECTIONS: dict[str, tuple[str, ...]] = {
    "Network": (
        "image_size", "weights", "trainable_from", "trainable_to", "head", "dense_units", "dropout",
    ),
    "Training": (
        "epochs", "batch_size", "learning_rate", "learning_rate_schedule", "optimizer", "early_stopping",
        "class_weights", "seed",
    ),
    "Split": tuple(f"split.{name}" for name in SplitConfig.model_fields),
    "Augmentation": tuple(f"augment.{name}" for name in AugmentConfig.model_fields),
    "Hardware": ("device", "precision", "micro_batch_size", "checkpoint_minutes"),
}  # fmt: skip
"""The fields of the form, by their paths; the dataset, its variant and the sweep are chosen elsewhere."""

_MODELS: dict[str, type[BaseModel]] = {"": TrainConfig, "split": SplitConfig, "augment": AugmentConfig}
_CHOICES = {
    "trainable_from": CONVOLUTION_LAYERS,
    "trainable_to": CONVOLUTION_LAYERS,
    "weights": ("imagenet", "random"),
}
_LABELS = {"split.groups": "Table of groups"}
_UNITS = {"image_size": "px", "checkpoint_minutes": None, "augment.degrees": "±"}
_STEPS = {"learning_rate": 1e-5, "augment.degrees": 5.0, "checkpoint_minutes": 1.0}
_STEP = 0.05
_LARGEST_BRIGHTNESS = 4.0


def config_form(name: str, initial: dict[str, Any]) -> dict[str, Any]:
    """Show the form in tabs and return the fields as they are set, nested as `make_config` takes them.

    `name` sets this form's settings apart from those of other forms, in the URL and in the session. `initial` has the
    nested values to begin with.
    """
    fields: dict[str, Any] = {"split": {}, "augment": {}}
    for tab, paths in zip(st.tabs(list(SECTIONS)), SECTIONS.values(), strict=True):
        with tab, st.grid(3, min_column_width=230, vertical_alignment="bottom"):
            for path in paths:
                group, _, field = path.rpartition(".")
                nested = fields[group] if group else fields
                start = initial[group][field] if group else initial[field]
                nested[field] = _widget(path, _key(name, path, initial), start)
    return fields


def weights_key(name: str) -> str:
    """Return the session's key of a form's initial weights."""
    return f"{name}.weights"


def _key(name: str, path: str, initial: dict[str, Any]) -> str:
    """Return a widget's key; other augmentation to begin with makes other widgets, so that it is not overlooked."""
    augment = AugmentConfig(**initial["augment"])
    if not path.startswith("augment.") or augment == AugmentConfig():
        return f"{name}.{path}"
    return f"{name}.{zlib.crc32(augment.model_dump_json().encode()):08x}.{path}"


def _widget(path: str, key: str, value: Any) -> Any:  # noqa: ANN401 - a field may be of any type
    """Show the widget that fits a field's type and range, and return its value."""
    group, _, name = path.rpartition(".")
    field = _MODELS[group].model_fields[name]
    kind, optional = _kind(field)
    show = _chooser(path, kind) or _WIDGETS[kind]
    return show(_label(path, field), path, field, value, optional, {"key": key, "help": _help(field), "bind": "query-params"})
