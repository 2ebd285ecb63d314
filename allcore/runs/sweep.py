"""A sweep: one run for each image size, with the same recipe, seed and split."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from allcore.config import TrainConfig, make_config
from allcore.errors import ConfigError


def parse_sizes(text: str) -> list[int]:
    """Return the image sizes in a text like `300,250,224`. Raises `ConfigError`; no size may stand there twice."""
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(
            f"sizes: expected whole numbers separated by commas, as 300,250,224 (received {text!r})"
        ) from None
    if len(set(sizes)) != len(sizes):
        raise ConfigError(f"sizes: each size once (received {text!r})")
    return sizes


def sweep_configs(config: TrainConfig, sizes: Sequence[int]) -> list[TrainConfig]:
    """Return `config` once for each size, all with one new sweep name. Raises `ConfigError` for a size out of range."""
    name = f"sweep-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    return [make_config(**{**config.model_dump(), "image_size": size, "sweep": name}) for size in sizes]
