"""Runs on disk: a run is a folder, and everything known of it stands there."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from allcore.config import TrainConfig, read_config
from allcore.data.importing.dataset_note import present_place
from allcore.errors import ConfigError, DatasetError, FileError, MissingFileError, RunError
from allcore.files import is_file, read_tail
from allcore.installation import APP
from allcore.runs.folder.files import (
    CONFIG_FILE,
    ENVIRONMENT_FILE,
    LOG_FILE,
    OUTPUT_FILE,
    PREDICTIONS_FILE,
    SERVED_FILE,
    SPLIT_FILE,
    STATUS_FILE,
    damaged,
    read_record,
    run_names,
)
from allcore.runs.folder.history import History, read_history
from allcore.runs.folder.states import ACTIVE, State, in_words
from allcore.runs.folder.status import Status, read_status
from allcore.runs.folder.trash import delete_folder
from allcore.runs.folder.worker_lock import has_worker
from allcore.writing import make_folder, rename, sync_all, unfinished_folder

if TYPE_CHECKING:
    import pandas as pd

    from allcore.data.splits.split import Split

_ENVIRONMENT = {
    "allscope": str, "code_revision": str, "python": str, "platform": str, "processor": str, "dataset_fingerprint": str,
    "packages": dict, "plan": dict, "weights": dict,
}  # fmt: skip


@lru_cache(32)  # a split of thousands of images takes most of a megabyte, and a server may see thousands of runs
def _read_split(file: Path, version: tuple[int, ...]) -> Split:
    """Return the split in a file; `version` is what tells it from what stood there before."""
    from allcore.data.splits.split import read_split

    return read_split(file)


@dataclass(frozen=True)
class Run:
    """One run folder. Reading a file that is damaged or not there yet raises `RunError`."""

    folder: Path

    @property
    def id(self) -> str:
        """The run's name, sortable by time."""
        return self.folder.name

    @cached_property
    def config(self) -> TrainConfig:
        """What the run was asked to do; its dataset by the name that the workspace has for it now."""
        try:
            return at_present(read_config(self.folder / CONFIG_FILE))
        except ConfigError as error:
            raise RunError(f"run {self.id}: {error}") from None

    @property
    def split(self) -> Split:
        """The exact images of train, validation and test."""
        file, version = self.folder / SPLIT_FILE, (0, 0, 0)
        with suppress(OSError):  # reading it says what is wrong
            facts = file.stat()
            version = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
        try:
            return _read_split(file, version)
        except DatasetError as error:
            raise RunError(f"run {self.id}: {error}") from None

    def status(self) -> Status:
        """Return what the run is doing now."""
        return read_status(self.folder)

    def history(self) -> History:
        """Return the metrics so far."""
        return read_history(self.folder)

    def environment(self) -> dict[str, Any]:
        """Return versions, hardware, precision, weights and dataset of the run; empty before it started."""
        found = read_record(self.folder, ENVIRONMENT_FILE) or {}
        for name, kind in _ENVIRONMENT.items():
            if not isinstance(found.get(name), kind | None):
                raise damaged(self.folder, ENVIRONMENT_FILE, f"its field {name} is not as a run writes it")
        return found

    def predictions(self) -> pd.DataFrame:
        """Return the served model's predictions for validation and test, one row an image."""
        from allcore.runs.folder.predictions import read_predictions

        try:
            return read_predictions(self.folder / PREDICTIONS_FILE)
        except MissingFileError:
            raise RunError(
                f"run {self.id} has no predictions: it is {in_words(self.status().state)}, and they are written when "
                "it succeeds"
            ) from None
        except FileError as error:
            raise damaged(self.folder, PREDICTIONS_FILE, error) from None

    @property
    def served_model(self) -> Path:
        """Path of `model.onnx`; raises `RunError` while there is none."""
        return self.result_file(SERVED_FILE, "it was removed, as a study's may be")

    @property
    def kept_model(self) -> Path | None:
        """Path of `model.onnx`; None where there is none."""
        try:
            return self.served_model
        except RunError:
            return None

    def result_file(self, name: str, gone: str) -> Path:
        """Return the path of a file that a run has once it has succeeded.

        Raises `RunError` where it is not there; `gone` says why that may be of a run that has succeeded.
        """
        path = self.folder / name
        if not path.is_file():
            state = self.status().state
            reason = gone if state == "succeeded" else f"it is {in_words(state)}, not succeeded"
            raise RunError(f"run {self.id} has no {name}: {reason}")
        return path

    def log_tail(self, lines: int = 50) -> str:
        """Return the last lines of the worker's log; of what it printed where it ended before its first line."""
        for name in (LOG_FILE, OUTPUT_FILE):
            try:
                end = read_tail(self.folder / name, 200 * lines)
            except MissingFileError:
                continue
            except FileError as error:
                raise damaged(self.folder, name, error) from None
            return "\n".join(end.decode("utf-8", "replace").splitlines()[-lines:])
        return ""


def at_present(config: TrainConfig) -> TrainConfig:
    """Return a recorded configuration with its dataset, and a table of groups in one, by the names they have now."""
    update: dict[str, Any] = {}
    if (place := present_place(config.dataset)) != config.dataset:
        update["dataset"] = place
    groups = config.split.groups
    if groups is not None and (table := present_place(groups)) != groups:
        update["split"] = config.split.model_copy(update={"groups": table})
    return config.model_copy(update=update) if update else config


def state_of(run: Run) -> State | Literal[""]:
    """Return a run's state; '' where it cannot be read."""
    try:
        return run.status().state
    except RunError:
        return ""


def has_succeeded(run: Run) -> bool:
    """Return whether a run has succeeded, as far as its state can be read."""
    return state_of(run) == "succeeded"


def is_in_use(run: Run) -> bool:
    """Return whether a run is queued, running or stopping, or a worker of it lives whatever its status says."""
    return state_of(run) in ACTIVE or has_worker(run.folder)


def run_of_model(path: Path) -> Run | None:
    """Return the run in whose folder a model's file lies; None when it lies in none."""
    return Run(path.parent) if (path.parent / SPLIT_FILE).is_file() else None


def dataset_of_model(model: Path) -> str | None:
    """Return the dataset of the run in whose folder a served model lies; None where it lies in no run's."""
    try:
        return Run(model.parent).config.dataset
    except RunError:
        return None


@dataclass(frozen=True)
class RunStore:
    """The folder that holds the runs."""

    root: Path

    def create(self, config: TrainConfig, split: Split) -> Run:
        """Make the folder of a new, queued run with its configuration and split; it appears whole or not at all."""
        moment = time.time()
        status = Status(state="queued", heartbeat=moment, queued_at=moment, epochs=config.epochs)
        try:
            make_folder(self.root)
            with unfinished_folder(self.root) as unfinished:
                (unfinished / CONFIG_FILE).write_bytes(config.to_json().encode())
                split.write(unfinished / SPLIT_FILE)
                (unfinished / STATUS_FILE).write_bytes(status.model_dump_json(indent=2).encode())
                sync_all(unfinished)
                return Run(self._named(unfinished, config))
        except OSError as error:
            raise RunError(f"the run folder cannot be written below {self.root} ({error.strerror})") from None

    def _named(self, unfinished: Path, config: TrainConfig) -> Path:
        """Give a folder a run's name and return it; of hundreds that are launched at one moment two may draw the same.

        Renaming is what tells: whoever asked first whether there is such a folder could be told too early.
        """
        while True:
            drawn = secrets.token_hex(2)
            folder = self.root / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{config.network}-{config.image_size}px-{drawn}"
            with suppress(FileExistsError):
                rename(unfinished, folder)
                return folder

    def runs(self) -> list[Run]:
        """Return all runs, newest first, the damaged ones too."""
        return [Run(self.root / name) for name in run_names(self.root)]

    def find(self, name: str) -> Run:
        """Return the run with this id, an unambiguous part of it, `latest`, or the path of its folder.

        Raises `RunError` for a name that is empty, fits no run or fits several.
        """
        if not name.strip():
            raise RunError("the run's name is empty; give its id, an unambiguous part of it, or `latest`")
        if "/" in name and is_file(Path(name) / STATUS_FILE):
            return Run(Path(name).absolute() if Path(name).is_symlink() else Path(name).resolve())
        runs = self.runs()
        if name == "latest" and runs:
            return runs[0]
        matches = [run for run in runs if run.id == name] or [run for run in runs if name in run.id]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise RunError(
                f"{name!r} fits {len(matches)} runs ({', '.join(run.id for run in matches)}); give the whole id"
            )
        is_released = "/" not in name and is_file(APP / "models" / f"{name}.onnx")
        released = f"; the released model is {name}.onnx" if is_released else ""
        raise RunError(f"there is no run {name!r} below {self.root}; `runs list` shows those that are{released}")

    def delete(self, run: Run) -> None:
        """Remove a run's folder; of a run that is a link, the link alone.

        Raises `RunError` while the run is queued or running, and when the disk refuses.
        """
        try:
            state = run.status().state
        except RunError:
            state = "failed"  # a damaged run can be deleted
        if state in ACTIVE:
            raise RunError(f"run {run.id} is {in_words(state)}; stop it before deleting it")
        if has_worker(run.folder):
            raise RunError(f"the worker of run {run.id} is still running; delete the run when it has ended")
        delete_folder(run.folder, f"run {run.id}")
