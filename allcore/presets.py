"""Settings that go together, under a name."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "quick": {"image_size": 96, "epochs": 4},
    "cells": {
        "image_size": 150, "epochs": 60, "learning_rate": 1e-4, "learning_rate_schedule": "cosine", "warmup_epochs": 2,
        "clip_norm": 1.0, "keep": "last", "class_weights": "balanced", "dropout": 0.5,
        "augment": {
            "degrees": 180.0, "scale": (0.85, 1.2), "transplant": 0.5, "plain_field": 0.15, "recolour": 0.5,
            "grey": 0.2, "stain_jitter": 0.2,
        },
    },
}  # fmt: skip
"""Fields in which a preset departs from the paper's configuration.

cells: what made the network answer by the nucleated cells, on views of validation images (docs/cells.md).
"""
