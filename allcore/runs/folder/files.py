"""The files of a run's folder: their names, and reading them as plain values or one `RunError`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from allcore.errors import FileError, MissingFileError, RunError
from allcore.json_text import read_json
from allcore.text import well_formed

CONFIG_FILE: Final = "config.json"
SPLIT_FILE: Final = "split.csv"
STATUS_FILE: Final = "status.json"
STOP_FILE: Final = "stop.request"
ENVIRONMENT_FILE: Final = "environment.json"
METRICS_FILE: Final = "metrics.jsonl"
LOG_FILE: Final = "worker.log"
OUTPUT_FILE: Final = "worker.output"
TENSORBOARD_FOLDER: Final = "tensorboard"
CHECKPOINTS_FOLDER: Final = "checkpoints"
KERAS_FILE: Final = "model.keras"
SERVED_FILE: Final = "model.onnx"
FLOAT32_FILE: Final = "model.float32.onnx"
"""Where int8 is served: the same network in float32, with the served file's description."""
PREDICTIONS_FILE: Final = "predictions.parquet"
FEATURES_FILE: Final = "features.npy"
NOVELTY_FILE: Final = "novelty.json"
ABOUT_FILE: Final = "about.json"
LAUNCHES_FOLDER: Final = "launches"
WORKER_LOCK: Final = ".worker.lock"
MIRRORED_FILE: Final = "mlflow.json"
"""In a study's folder too: how far it is sent to a tracking server."""
MIRRORING_LOCK: Final = ".mlflow.lock"
FORMER_UNFINISHED: Final = (".network.onnx", ".model.keras", ".predictions.parquet", ".environment.json")
"""Unfinished files as earlier versions called them, before they all ended alike."""

QUEUE_FOLDER: Final = ".queue"
"""Among the runs: who waits for a device, and which runs are with a scheduler."""

_LARGEST_RECORD: Final = 4 * 2**20
"""Bytes of a status, a configuration or an environment; real ones have thousands."""


def run_names(runs: Path) -> list[str]:
    """Return the names of all run folders, or studies', those of the newest first, the damaged ones too.

    A folder whose name is no text is none that a run was made in, and is left out.
    """
    try:
        with os.scandir(runs) as entries:  # which tells folders apart without a look at each
            names = [entry.name for entry in entries if not entry.name.startswith(".") and _may_be_folder(entry)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted((name for name in names if well_formed(name) == name), reverse=True)


def _may_be_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or to where one may not look
        return True


def read_record(folder: Path, name: str) -> dict[str, Any] | None:
    """Return the JSON object in a run folder's file; None when there is no such file. Raises `RunError`."""
    try:
        value = read_json(f"{folder}/{name}", _LARGEST_RECORD)
    except MissingFileError:
        return None
    except FileError as error:
        raise damaged(folder, name, error) from None
    if not isinstance(value, dict):
        raise damaged(folder, name, "it is not a JSON object")
    return value


def damaged(folder: Path, name: str, reason: object) -> RunError:
    """Return the error that says of a run folder's file that it cannot be read, and why."""
    return RunError(f"run {folder.name}: {name} cannot be read ({reason})")


def is_there(path: Path, *, unknown: bool = False) -> bool:
    """Return whether something stands at `path`, `unknown` where the disk does not say."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return unknown
    return True
