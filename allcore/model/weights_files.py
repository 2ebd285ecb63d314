"""Where the files of initial weights lie: the user's own, and those that Keras has downloaded."""

from __future__ import annotations

import os
from pathlib import Path

from allcore.data.folder.links import from_home
from allcore.networks.trunk import Trunk


def weights_file(weights: str, trunk: Trunk) -> Path | None:
    """Return the file that initial weights are read from; None for `random` and for a download by Keras.

    `imagenet` means the file that the trunk's environment variable (ALLCORE_VGG16_WEIGHTS) names, when it is set.
    """
    if weights == "random":
        return None
    if weights == "imagenet":
        weights = os.environ.get(trunk.weights_variable, "")
    return from_home(weights) if weights else None


def keras_weights_file(trunk: Trunk) -> Path:
    """Return where Keras keeps a trunk's ImageNet weights once it has downloaded them."""
    home = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))  # noqa: PTH111 - as Keras does
    return home / "models" / trunk.weights_file


def must_download(weights: str, trunk: Trunk) -> bool:
    """Return whether a run would have to download its initial weights when it starts."""
    return weights == "imagenet" and weights_file(weights, trunk) is None and not keras_weights_file(trunk).is_file()
