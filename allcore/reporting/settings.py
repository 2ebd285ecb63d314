"""A configuration in words, beside the paper's."""

from __future__ import annotations

import pandas as pd

from allcore.config import TrainConfig, make_config
from allcore.config_fields import config_values, setting_text
from allcore.paper import says_of_setting


def settings_table(config: TrainConfig) -> pd.DataFrame:
    """Return one row a setting: its name (`split.seed`), its value, and what the paper says where that is another."""
    paper = _texts(make_config(dataset=config.dataset))
    rows = [
        (name, value, "" if value == paper[name] else says_of_setting(name, paper[name]))
        for name, value in _texts(config).items()
    ]
    return pd.DataFrame(rows, columns=["setting", "value", "paper"])


def _texts(config: TrainConfig) -> dict[str, str]:
    return {path: setting_text(value) for path, value in config_values(config).items()}
