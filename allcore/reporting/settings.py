"""A configuration in words, beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from allcore.config import TrainConfig, make_config
from allcore.config_fields import config_values, setting_text
from allcore.paper import says_of_setting

_NOT_IN_THE_PAPER = "not in the paper"
OF_THE_MACHINE = ("dataset", "variant", "study", "place", "device", "devices", "micro_batch_size", "checkpoint_minutes")
"""Settings that say where and how a run is carried out, and nothing of what is trained."""


def settings_table(config: TrainConfig) -> pd.DataFrame:
    """Return one row a setting: its name (`split.seed`), its value, and what the paper says where that is another.

    A setting of the recipe that the paper does not have stands as such where it is not at its default.
    """
    paper = _texts(make_config(dataset=config.dataset))
    rows = [
        (name, value, "" if value == paper[name] or name in OF_THE_MACHINE else _said(name, paper[name]))
        for name, value in _texts(config).items()
    ]
    return pd.DataFrame(rows, columns=["setting", "value", "paper"])


def compared_settings(configs: Mapping[str, TrainConfig]) -> pd.DataFrame:
    """Return one row a setting, one column a run (by its name in `configs`): those that differ first.

    Columns: setting, differs, and the runs'.
    """
    columns = {name: _texts(config) for name, config in configs.items()}
    settings = list(dict.fromkeys(setting for texts in columns.values() for setting in texts))
    table = pd.DataFrame({name: [texts.get(each, "") for each in settings] for name, texts in columns.items()})
    table.insert(0, "setting", settings)
    table.insert(1, "differs", table[list(columns)].nunique(axis=1) > 1)
    return table.sort_values("differs", ascending=False, kind="stable", ignore_index=True)


def _said(name: str, default: str) -> str:
    return says_of_setting(name, default) or _NOT_IN_THE_PAPER


def _texts(config: TrainConfig) -> dict[str, str]:
    return {path: setting_text(value) for path, value in config_values(config).items()}
