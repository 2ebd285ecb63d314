"""Where a dataset of the workspace came from, when, and how it was called before: one hidden file in its folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allcore.data.folder.links import workspace_root
from allcore.errors import FileError
from allcore.files import is_file
from allcore.json_text import read_json
from allcore.writing import write_whole

_NOTE: Final = ".dataset.json"
"""Hidden, so that it is no part of the dataset itself."""
_MOST_BYTES: Final = 2**20


class DatasetNote(BaseModel):
    """Where a dataset came from in words ('' where that is not known), when (seconds since the epoch), former names."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: str = ""
    moment: Annotated[float, Field(ge=0.0, le=1e11)] | None = None
    former: tuple[str, ...] = ()


def read_note(dataset: Path) -> DatasetNote:
    """Return what is noted of a dataset's folder; nothing where nothing is, or it is damaged."""
    try:
        return DatasetNote.model_validate(read_json(dataset / _NOTE, _MOST_BYTES))
    except (FileError, ValidationError):
        return DatasetNote()


def has_note(folder: Path) -> bool:
    """Return whether a folder is a dataset's, of which anything is noted."""
    return is_file(folder / _NOTE)


def write_note(dataset: Path, note: DatasetNote) -> None:
    """Note it of a dataset's folder, in place of what was. Raises `OSError` when the disk refuses."""
    write_whole(dataset / _NOTE, note.model_dump_json(indent=1))


def renamed_to(datasets: Path, name: str) -> Path | None:
    """Return the dataset in the folder `datasets` that was once called `name` and is called otherwise now, or None."""
    for folder in _folders(datasets):
        if folder.name != name and name in read_note(folder).former:
            return folder
    return None


def keeps_name(datasets: Path, name: str, but: str = "") -> Path | None:
    """Return the dataset in the folder `datasets`, not the one called `but`, that was once called `name`, or None.

    In whatever capitals: on a disk that ignores them, another dataset of that name would be in its former place.
    """
    for folder in _folders(datasets):
        if folder.name != but and name.casefold() in map(str.casefold, read_note(folder).former):
            return folder
    return None


def _folders(datasets: Path) -> list[Path]:
    try:
        return sorted(folder for folder in datasets.iterdir() if not folder.name.startswith("."))
    except OSError:
        return []


def present_place(dataset: str) -> str:
    """Return where a dataset's folder, or a file in it, is that a run or study recorded: it may have another name now.

    As it was recorded, where it is there, or was none of the workspace's, or is gone.
    """
    if os.path.exists(dataset):  # noqa: PTH110 - as nearly all are, of thousands of runs that are listed
        return dataset
    try:
        recorded = Path(dataset).resolve()  # a typed path may lead to the workspace through a link
        datasets = (workspace_root() / "datasets").resolve()
        if not recorded.is_relative_to(datasets):
            return dataset
        name, *below = recorded.relative_to(datasets).parts
    except (OSError, RuntimeError, ValueError):  # a null character, links in a circle: the record of a foreign file
        return dataset
    now = renamed_to(datasets, name)
    return dataset if now is None else str(now.joinpath(*below))
