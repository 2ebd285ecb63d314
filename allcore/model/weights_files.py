"""Where the files of initial weights lie: the user's own, and those that Keras has downloaded."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from allcore.data.folder.links import from_home
from allcore.networks.trunk import Trunk

_ELSEWHERE = Path("/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir(), ".keras")  # noqa: S108 - as Keras does


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
    """Return where a trunk's ImageNet weights of Keras are, or will be once it has downloaded them.

    Keras passes over its own folder where that may not be written; what lies there can be read all the same.
    """
    place = Path("models") / trunk.weights_file
    own = _own_folder() / place
    return own if os.access(own, os.R_OK) else keras_folder() / place


def keras_folder() -> Path:
    """Return the folder in which Keras looks for weights and puts them: its own, or another where it may not write."""
    own = _own_folder()
    if not os.environ.get("KERAS_HOME") and not os.access(own.parent, os.W_OK):
        return _ELSEWHERE
    there = next(each for each in (own, *own.parents) if os.access(each, os.F_OK))  # Keras makes what is missing
    return own if os.access(there, os.W_OK) else _ELSEWHERE


def _own_folder() -> Path:
    return Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))  # noqa: PTH111 - as Keras does


def must_download(weights: str, trunk: Trunk) -> bool:
    """Return whether a run would have to download its initial weights when it starts."""
    return weights == "imagenet" and weights_file(weights, trunk) is None and not keras_weights_file(trunk).is_file()
