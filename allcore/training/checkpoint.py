"""Checkpoints: what a run needs to go on as if it had never stopped. Arrays and JSON, no pickle."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from allcore.errors import RunError

FOLDER = "checkpoints"


@dataclass
class Progress:
    """Where training stands: counters, the kept epoch, and the sums of the epoch and report under way."""

    segment: int = 0
    epoch: int = 0
    step: int = 0
    kept_epoch: int = -1
    best_loss: float = float("inf")
    epochs_without_progress: int = 0
    plateau_epochs: int = 0
    learning_rate_factor: float = 1.0
    epoch_seconds: float = 0.0
    epoch_sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("loss", "correct", "images"), 0.0))
    report_sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("loss", "correct", "images"), 0.0))
    report_checksum: int = 0
    finished: bool = False


def save_checkpoint(folder: Path, model: keras.Model, optimizer: keras.Optimizer, progress: Progress) -> None:
    """Write a checkpoint below `folder` and remove the older ones; it appears whole or not at all.

    Raises `OSError` when it cannot be written; the older checkpoint then is still there.
    """
    name = f"{progress.segment:03d}-{progress.epoch:05d}-{progress.step:06d}"
    unfinished = folder / f".{name}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    _write_arrays(unfinished / "model.npz", [variable.numpy() for variable in model.variables])
    _write_arrays(unfinished / "optimizer.npz", [variable.numpy() for variable in optimizer.variables])
    (unfinished / "progress.json").write_text(json.dumps(asdict(progress), indent=2), encoding="utf-8")
    if (folder / name).exists():
        shutil.rmtree(folder / name)
    unfinished.rename(folder / name)
    for older in _checkpoints(folder):
        if older.name != name:
            shutil.rmtree(older, ignore_errors=True)


def restore_checkpoint(folder: Path, model: keras.Model, optimizer: keras.Optimizer) -> Progress | None:
    """Put the newest checkpoint into `model` and `optimizer` and return its progress; None when there is none.

    Raises `RunError` when the newest checkpoint does not belong to this model.
    """
    newest = next(reversed(_checkpoints(folder)), None)
    if newest is None:
        return None
    try:
        progress = Progress(**json.loads((newest / "progress.json").read_text(encoding="utf-8")))
        _assign(model.variables, newest / "model.npz")
        _assign(optimizer.variables, newest / "optimizer.npz")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunError(f"checkpoint {newest.name} cannot be read ({error}); delete it to start over") from None
    return progress


def save_kept(folder: Path, model: keras.Model, epoch: int) -> None:
    """Write the model's weights as those that are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / ".kept.part.npz"
    _write_arrays(unfinished, [variable.numpy() for variable in model.variables])
    unfinished.replace(folder / f"kept-{epoch:05d}.npz")


def drop_others(folder: Path, epoch: int) -> None:
    """Remove the weights of epochs that are kept no longer; called once a checkpoint says so."""
    for file in folder.glob("kept-*.npz"):
        if file.name != f"kept-{epoch:05d}.npz":
            file.unlink(missing_ok=True)


def restore_kept(folder: Path, model: keras.Model, epoch: int) -> None:
    """Put the kept weights, of this epoch, into `model`. Raises `RunError` when they are missing or damaged."""
    try:
        _assign(model.variables, folder / f"kept-{epoch:05d}.npz")
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"the kept weights, of epoch {epoch + 1}, cannot be read ({error})") from None


def remove_checkpoints(folder: Path) -> None:
    """Remove what only resuming needs, once the run has succeeded."""
    for checkpoint in _checkpoints(folder):
        shutil.rmtree(checkpoint, ignore_errors=True)


def _checkpoints(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def _write_arrays(path: Path, arrays: list[np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **{f"{index:04d}": array for index, array in enumerate(arrays)})
        file.flush()
        os.fsync(file.fileno())


def _assign(variables: list[keras.Variable], path: Path) -> None:
    with np.load(path, allow_pickle=False) as arrays:
        if len(arrays.files) != len(variables):
            raise ValueError(f"{path.name} has {len(arrays.files)} arrays, the model {len(variables)}")
        for index, variable in enumerate(variables):
            variable.assign(arrays[f"{index:04d}"])
