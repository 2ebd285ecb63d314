"""A configuration in words, beside the paper's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from allcore.config import TrainConfig, make_config
from allcore.paper import says_of_setting


def shown(value: object) -> str:
    """Return a setting's value as a person would write it."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return " to ".join(f"{part:g}" for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings_table(config: TrainConfig) -> pd.DataFrame:
    """Return one row a setting: its name (`split.seed`), its value, and what the paper says where that is another."""
    paper = dict(_flat(make_config(dataset=config.dataset).model_dump()))
    rows = [
        (name, value, "" if value == paper[name] else says_of_setting(name, paper[name]))
        for name, value in _flat(config.model_dump())
    ]
    return pd.DataFrame(rows, columns=["setting", "value", "paper"])


def _flat(fields: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", shown(value)
