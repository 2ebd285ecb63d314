"""Checkpoints: what a run needs to go on as if it had never stopped. Arrays and JSON, no pickle.

A checkpoint is a folder whose manifest has the length and CRC-32 of every other file in it. Two are kept: should the
newest be damaged, the run goes on from the one before.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras

from allcore.errors import RunError
from allcore.refusals import is_for_want_of_room
from allcore.training.epoch_weights import drop_epoch_weights, epochs_with_weights
from allcore.training.variable_files import UnreadableError, assign_arrays, write_arrays
from allcore.writing import folder_written_whole, make_subfolder

_KEPT_CHECKPOINTS = 2
_MANIFEST = "manifest.json"


@dataclass
class TrainingProgress:
    """Where training stands: counters, the kept epoch, and the sums of the epoch and report under way.

    `kept_epoch` (0-based, -1 for none) is one whose weights are safely kept, `best_loss` its validation loss where the
    best epoch is kept. `lowest_loss`, by which patience goes, is of all epochs, whether or not they could be kept.
    `diverged` says how training ended where it could not go on.
    """

    segment: int = 0
    epoch: int = 0
    step: int = 0
    kept_epoch: int = -1
    best_loss: float = float("inf")
    lowest_loss: float = float("inf")
    epochs_without_progress: int = 0
    plateau_epochs: int = 0
    learning_rate_factor: float = 1.0
    epoch_seconds: float = 0.0
    epoch_sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("loss", "correct", "images"), 0.0))
    report_sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("loss", "correct", "images"), 0.0))
    report_checksum: int = 0
    finished: bool = False
    diverged: str = ""


def save_checkpoint(folder: Path, model: keras.Model, optimizer: keras.Optimizer, progress: TrainingProgress) -> None:
    """Write a checkpoint below `folder`, whole or not at all, and then remove what it makes superfluous.

    Raises `OSError` when it cannot be written; the newest of the older checkpoints then is still there.
    """
    make_subfolder(folder)  # never the run's own, should it have been deleted
    write_making_room(folder, progress.kept_epoch, lambda: _write(folder, model, optimizer, progress))
    _remove(_checkpoints(folder)[:-_KEPT_CHECKPOINTS])
    drop_epoch_weights(folder, but={_kept_epoch(checkpoint) for checkpoint in _checkpoints(folder)})


def write_making_room(folder: Path, kept_epoch: int, write: Callable[[], None]) -> None:
    """Call `write`, and once more if it fails for want of room where anything in `folder` can be spared for it.

    The newest checkpoint is enough to go on from, with the weights that it names and those of `kept_epoch`. Raises what
    `write` raises.
    """
    try:
        write()
    except OSError as error:
        if not is_for_want_of_room(error) or not _make_room(folder, kept_epoch):
            raise
        write()


def has_checkpoint(folder: Path) -> bool:
    """Return whether `restore_checkpoint` restores one, or raises because all are damaged."""
    return bool(_checkpoints(folder))


def restore_checkpoint(
    folder: Path, model: keras.Model, optimizer: keras.Optimizer, warn: Callable[[str], None]
) -> TrainingProgress | None:
    """Put the newest checkpoint that is whole into `model` and `optimizer` and return its progress; None without any.

    Those that are damaged are removed, and `warn` gets a line on each. Raises `RunError` when all are damaged or the
    newest whole one does not belong to this model.
    """
    damaged: dict[Path, str] = {}
    for checkpoint in reversed(_checkpoints(folder)):
        try:
            _check(checkpoint)
            progress = _read_progress(checkpoint)
            assign_arrays(model.variables, checkpoint / "model.npz")
            assign_arrays(optimizer.variables, checkpoint / "optimizer.npz")
        except UnreadableError as error:
            damaged[checkpoint] = str(error)
        except ValueError as error:
            raise RunError(f"checkpoint {checkpoint.name} cannot be read ({error}): it is another model's") from None
        else:
            for name, reason in damaged.items():
                warn(f"checkpoint {name.name} is damaged ({reason}); the run goes on from {checkpoint.name}")
            _remove(list(damaged))
            return progress
    if damaged:
        reasons = "; ".join(f"{checkpoint.name}: {reason}" for checkpoint, reason in damaged.items())
        raise RunError(f"no checkpoint can be read ({reasons}); delete the folder {folder} to start over")
    return None


def remove_checkpoints(folder: Path) -> None:
    """Remove what only resuming needs, once the run has succeeded."""
    shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, model: keras.Model, optimizer: keras.Optimizer, progress: TrainingProgress) -> None:
    with folder_written_whole(
        folder / f"{progress.segment:03d}-{progress.epoch:05d}-{progress.step:06d}"
    ) as unfinished:
        write_arrays(unfinished / "model.npz", model.variables)
        write_arrays(unfinished / "optimizer.npz", optimizer.variables)
        (unfinished / "progress.json").write_text(json.dumps(asdict(progress), indent=2), encoding="utf-8")
        manifest = {file.name: _described(file) for file in sorted(unfinished.iterdir())}
        (unfinished / _MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")


def _checkpoints(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = (child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    return sorted(found, key=lambda child: (_numbers(child.name), child.name))


def _numbers(name: str) -> tuple[int, ...]:
    """Return a checkpoint's segment, epoch and step, by which it is old or new; none for another folder's name."""
    try:
        return tuple(map(int, name.split("-")))
    except ValueError:
        return ()


def _make_room(folder: Path, kept_epoch: int) -> bool:
    """Remove all but the newest checkpoint and the weights that are needed; return whether there was anything."""
    checkpoints = _checkpoints(folder)
    older, needed = checkpoints[:-1], {kept_epoch, *map(_kept_epoch, checkpoints[-1:])}
    superseded = set(epochs_with_weights(folder)) - needed
    _remove(older)
    drop_epoch_weights(folder, but=needed)
    return bool(older or superseded)


def _remove(checkpoints: list[Path]) -> None:
    for checkpoint in checkpoints:
        shutil.rmtree(checkpoint, ignore_errors=True)


def _check(checkpoint: Path) -> None:
    """Compare a checkpoint with its manifest; those that were written before there were any have none."""
    if not (checkpoint / _MANIFEST).exists() and (checkpoint / "progress.json").exists():
        return
    manifest = _read_json(checkpoint / _MANIFEST)
    if set(manifest) != {"model.npz", "optimizer.npz", "progress.json"}:
        raise UnreadableError(f"{_MANIFEST} does not name its files")
    for name, said in manifest.items():
        try:
            found = _described(checkpoint / name)
        except OSError as error:
            raise UnreadableError(f"{name} cannot be read ({error.strerror})") from None
        if found != said:
            raise UnreadableError(f"{name} is not as it was written")


def _described(file: Path) -> dict[str, int]:
    length = checksum = 0
    with file.open("rb") as content:
        while block := content.read(2**20):
            length += len(block)
            checksum = zlib.crc32(block, checksum)
    return {"bytes": length, "crc32": checksum}


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableError(f"{file.name} cannot be read ({error})") from None
    if not isinstance(content, dict):
        raise UnreadableError(f"{file.name} holds no object")
    return content


def _read_progress(checkpoint: Path) -> TrainingProgress:
    content = _read_json(checkpoint / "progress.json")
    if "best_loss" in content:  # earlier versions went by it alone
        content.setdefault("lowest_loss", content["best_loss"])
    try:
        return TrainingProgress(**content)
    except TypeError as error:
        raise UnreadableError(f"progress.json is none of this version's ({error})") from None


def _kept_epoch(checkpoint: Path) -> int:
    try:
        return _read_progress(checkpoint).kept_epoch
    except UnreadableError:
        return -1
