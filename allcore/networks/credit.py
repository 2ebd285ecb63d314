"""Whose the weights are that a network began with, as far as that is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from allcore.networks.trunk import Trunk


def weights_credit(trunk: Trunk, weights: str, recorded: Mapping[str, Any] | None) -> str:
    """Return in a sentence whose the initial weights are, and their licence; '' of random ones.

    `weights` is the run's setting, `recorded` the `source` and `sha256` of the file that it read, where it recorded
    one. A file is credited as the ImageNet weights where its content is known. `imagenet` is what Keras downloads and
    checks, unless a file of another name was read: the trunk's environment variable named that one.
    """
    if weights == "random":
        return ""
    source, digest = ((recorded or {}).get(key) for key in ("source", "sha256"))
    of_keras = weights == "imagenet" and source in (None, trunk.weights_file)
    if of_keras or digest in trunk.imagenet_files:
        return f"ImageNet weights of {trunk.title}: {trunk.credit}"
    name = source or Path(weights).name
    which = f"{name}, SHA-256 {digest}" if digest else name
    return f"Initial weights from the file {which}: whose they are, and under which licence, is not known."
