"""The settings of a configuration by their paths (`split.seed`), whatever they are nested in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from allcore.config import TrainConfig


def config_fields(model: type[BaseModel] = TrainConfig) -> dict[str, FieldInfo]:
    """Return every field of a model of settings by its path, in the order in which they are declared."""
    fields: dict[str, FieldInfo] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            fields |= {f"{name}.{path}": inner for path, inner in config_fields(field.annotation).items()}
        else:
            fields[name] = field
    return fields


def config_values(config: TrainConfig) -> dict[str, Any]:
    """Return the value of every setting by its path, in the order of `config_fields`."""
    return {path: reduce(getattr, path.split("."), config) for path in config_fields(type(config))}


def set_nested(nested: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings nested as `make_config` takes them, with those in `values` (by path) set in their places."""
    for path, value in values.items():
        *groups, name = path.split(".")
        reduce(lambda at, group: at.setdefault(group, {}), groups, nested)[name] = value
    return nested


def setting_text(value: object) -> str:
    """Return a setting's value as a person would write it."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return " to ".join(map(setting_text, value))
    return f"{value:g}".replace("e-0", "e-") if isinstance(value, float) else str(value)
