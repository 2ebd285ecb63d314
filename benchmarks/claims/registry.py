"""All claims, by the name that the command takes.

A claim's module is imported when the claim is asked for: a contender's process has no other's imports and memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from benchmarks.claim import Claim

PAGES: Final = (
    "overview", "predict", "dataset", "image", "augmentation", "trust", "train", "runs", "evaluate", "tradeoff",
)  # fmt: skip

_MAKERS: Final[dict[str, tuple[str, str, tuple[int | str, ...]]]] = {
    "training-96": ("training", "claim", (96,)),
    "training-150": ("training", "claim", (150,)),
    "training-300": ("training", "claim", (300,)),
    "arithmetic-96": ("steps", "arithmetic", (96,)),
    "arithmetic-150": ("steps", "arithmetic", (150,)),
    "arithmetic-300": ("steps", "arithmetic", (300,)),
    "epoch-96": ("steps", "epoch", (96,)),
    "augmentation-96": ("augmentation", "claim", (96,)),
    "augmentation-300": ("augmentation", "claim", (300,)),
    "augmentation-cells-96": ("augmentation", "claim", (96, "cells")),
    "augmentation-cells-300": ("augmentation", "claim", (300, "cells")),
    "first-prediction-150": ("prediction", "first_prediction", (150,)),
    "first-prediction-300": ("prediction", "first_prediction", (300,)),
    "one-image-300": ("prediction", "one_warm_image", (300,)),
    "evidence-300": ("prediction", "evidence", (300,)),
    "folder-to-table": ("folder", "seconds", (150,)),
    "folder-to-table-memory": ("folder", "memory", (150,)),
    "catalog-cold": ("datasets", "cold", ()),
    "catalog-warm": ("datasets", "warm", ()),
    "catalog-many-cold": ("datasets", "many_cold", ()),
    "catalog-many-warm": ("datasets", "many_warm", ()),
    "overlap": ("overlap", "search", ()),
    "overlap-many": ("overlap", "growth", ()),
    "app-start": ("app", "start", ()),
    "app-memory": ("app", "memory", ()),
    "install-size": ("install", "size", ()),
    "install-time": ("install", "seconds", ()),
    **{f"page-{name}": ("pages", "page", (name,)) for name in PAGES},
    "page-runs-many": ("pages", "many_runs", ()),
    "page-dataset-many": ("pages", "many_images", ()),
}
"""The module of each claim, the function that makes it, and what that is given."""


class _Claims(Mapping[str, Claim]):
    def __getitem__(self, name: str) -> Claim:
        module, function, given = _MAKERS[name]
        claim: Claim = getattr(import_module(f"benchmarks.claims.{module}"), function)(*given)
        return claim

    def __iter__(self) -> Iterator[str]:
        return iter(_MAKERS)

    def __len__(self) -> int:
        return len(_MAKERS)


CLAIMS: Final = _Claims()
