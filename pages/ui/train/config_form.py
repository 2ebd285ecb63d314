"""The configuration as a form: one widget a field, made from the field itself, the paper's value beside it."""

from __future__ import annotations

import types
import typing
import zlib
from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st
from pydantic.fields import FieldInfo

from allcore.config import LABELS, TrainConfig
from allcore.config_fields import config_fields, config_values, set_nested, setting_text
from allcore.config_parts import AugmentConfig
from allcore.networks.registry import TRUNKS
from allcore.paper import says_of_setting
from pages.ui.address import bound_number

_OF_STUDIES = ("split.folds", "split.fold")
SECTIONS: dict[str, tuple[str, ...]] = {
    "Network": ("network", "image_size", "weights", "trainable_from", "trainable_to", "head", "dense_units", "dropout"),
    "Training": (
        "epochs", "batch_size", "learning_rate", "learning_rate_schedule", "warmup_epochs", "clip_norm", "optimizer",
        "early_stopping", "keep", "class_weights", "seed",
    ),
    "Split": (
        "labels", *(path for path in config_fields() if path.startswith("split.") and path not in _OF_STUDIES)
    ),
    "Augmentation": tuple(path for path in config_fields() if path.startswith("augment.")),
    "Hardware": ("device", "devices", "precision", "micro_batch_size", "checkpoint_minutes"),
}  # fmt: skip
"""The fields of the form, by their paths; the dataset, its variant, and what a study varies, are chosen elsewhere."""

_LAYERS = ("trainable_from", "trainable_to")
_WEIGHTS = ("imagenet", "random")
_UNITS = {
    "image_size": " (px)", "augment.degrees": " (±)", "checkpoint_minutes": "", "split.train": " fraction",
    "split.validation": " fraction", "split.test": " fraction",
}  # fmt: skip
_STEPS = {"learning_rate": 1e-5, "augment.degrees": 5.0, "checkpoint_minutes": 1.0}
_STEP = 0.05
_BRIGHTEST = 4.0


def config_form(name: str, initial: TrainConfig) -> dict[str, Any]:
    """Show the form in tabs and return the fields as they are set, nested as `make_config` takes them.

    `name` sets this form's settings apart from those of other forms, in the session and in the URL. `initial` has the
    values to begin with.
    """
    fields: dict[str, Any] = {}
    begin = config_values(initial)
    # The open tab is kept in the session: what comes and goes above the form would otherwise make it start anew.
    tabs = st.tabs(list(SECTIONS), key=f"{name}.section", bind="query-params")
    for tab, paths in zip(tabs, SECTIONS.values(), strict=True):
        with tab, st.grid(3, min_column_width=240, gap="medium"):
            for path in paths:
                if path in _LAYERS:
                    fields[path] = _layer_widget(name, path, fields["network"], begin)
                else:
                    fields[path] = _widget(path, _key(name, path, initial), begin[path])
    return set_nested({}, fields)


def weights_key(name: str) -> str:
    """Return where a form's initial weights stand in the session."""
    return f"{name}.weights"


def _key(name: str, path: str, initial: TrainConfig) -> str:
    """Return a widget's key. Other values to begin with make new widgets: kept ones would go on as they were."""
    if path == "split.protocol" and initial.split.protocol == "folders":  # it follows from the dataset
        return f"{name}.{path}.folders"
    if not path.startswith("augment.") or initial.augment == AugmentConfig():
        return f"{name}.{path}"
    return f"{name}.{path}.{zlib.crc32(initial.augment.model_dump_json().encode()):08x}"


def _layer_widget(name: str, path: str, network: str, initial: Mapping[str, Any]) -> str:
    """Show the choice of one of the network's layers; each network keeps its own, and begins with its own default."""
    trunk = TRUNKS[network]
    if network == initial["network"]:
        return str(_widget(path, f"{name}.{path}", initial[path], trunk.stage_names))
    begin = dict(zip(_LAYERS, trunk.fine_tuned, strict=True))[path]
    return str(_widget(path, f"{name}.{path}.{network}", begin, trunk.stage_names))


def _widget(path: str, key: str, value: Any, layers: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - a field is of any type
    """Show the widget that a field's type and range call for, and return its value.

    `layers` are the choices where the field is one of the network's layers.
    """
    field = config_fields()[path]
    name = path.rpartition(".")[2].replace("_", " ").capitalize()
    kind = _without_none(field.annotation)
    said = says_of_setting(path, setting_text(field.default))
    common: dict[str, Any] = {
        "label": f"{name}{_UNITS.get(path, '')}{f' · paper: {said}' if said else ''}",
        "key": key,
        "help": f"{(field.description or '')[:1].upper()}{(field.description or '')[1:]}.",
        "bind": "query-params",
    }
    if path == "weights":
        options = dict.fromkeys([*_WEIGHTS, value, st.session_state.get(key, value)])
        return st.selectbox(options=list(options), index=list(options).index(value), accept_new_options=True, **common)
    if path == "labels":
        versions = list(dict.fromkeys([*LABELS, value]))
        return st.segmented_control(options=versions, default=value, required=True, wrap=True, **common)
    if path == "network" or path in _LAYERS:
        choices = layers or tuple(TRUNKS)
        return st.selectbox(options=choices, index=choices.index(value), **common)
    if typing.get_origin(kind) is Literal:
        return st.segmented_control(options=typing.get_args(kind), default=value, required=True, wrap=True, **common)
    if kind is bool:
        return st.toggle(value=value, **common)
    if kind is str:
        return st.text_input(value=value or "", placeholder="none", **common).strip() or None
    if typing.get_origin(kind) is tuple:
        return st.slider(min_value=0.0, max_value=_BRIGHTEST, value=tuple(value), step=_STEP, **common)
    return _number(path, field, kind, value, common)


def _number(path: str, field: FieldInfo, kind: type, value: Any, common: dict[str, Any]) -> float | None:  # noqa: ANN401
    low, high = _range(field)
    return st.number_input(
        value=value,
        min_value=None if low is None else kind(low),
        max_value=None if high is None else kind(high),
        step=1 if kind is int else _STEPS.get(path, _STEP),
        format="%d" if kind is int else "%g",
        placeholder="none",
        **common | {"bind": bound_number(common["key"])},
    )


def _without_none(annotation: Any) -> Any:  # noqa: ANN401 - whatever stands in an annotation
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return annotation
    return next(kind for kind in typing.get_args(annotation) if kind is not type(None))


def _range(field: FieldInfo) -> tuple[float | None, float | None]:
    """Return a field's smallest and largest value; where these are just outside, `make_config` says so."""
    low = high = None
    for constraint in field.metadata:
        low = getattr(constraint, "ge", getattr(constraint, "gt", low))
        high = getattr(constraint, "le", getattr(constraint, "lt", high))
    return low, high
