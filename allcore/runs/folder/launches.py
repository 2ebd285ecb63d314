"""The launches of a run: each asks one executor to carry it out, and is numbered, so that the last one alone counts.

`launches/N.json` is made by whoever launches. A file can be made once, on a folder shared over a network as well: of
two who launch at a time one is refused. A worker whose launch is not the last one ends at once.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from allcore.errors import FileError, RunError
from allcore.json_text import read_json
from allcore.runs.folder.files import LAUNCHES_FOLDER
from allcore.writing import make_subfolder, write_new, write_whole

LOCAL: Final = "local"
GOES_ON_LATER: Final = 75
"""Exit status of a worker that a scheduler is to start again: EX_TEMPFAIL of sysexits.h."""
_ENDING: Final = ".json"
_LARGEST_BYTES: Final = 2**16


class Launch(BaseModel):
    """One launch: who was asked, the job that came of it, and the scheduler's last word on that job.

    `word` explains what a worker cannot: why a job waits, or what ended it. Only an executor writes it.
    `at` says which scheduler of that name was asked, and by which user where it may hide other users' jobs; empty where
    that is not known. It `is_forgotten` where that scheduler does not know the job any more, or never took it.
    Of a record that could not be read the number alone is right: it does not say who was asked.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int = Field(ge=1)
    executor: str = LOCAL
    job: str = ""
    at: str = ""
    state: Literal["", "waiting", "running", "over"] = ""
    word: str = ""
    is_forgotten: bool = False
    was_read: bool = Field(True, exclude=True)

    @property
    def was_refused(self) -> bool:
        """Whether the scheduler would not take it: no job of it counts, should there be one after all."""
        return self.state == "over" and not self.job

    @property
    def is_local(self) -> bool:
        """Whether a process of one machine was started, whose pid tells whether it lives."""
        return self.executor == LOCAL


def last_launch(folder: Path) -> Launch | None:
    """Return the run's last launch, None where there was none; of a damaged record no more than its number."""
    try:
        names = os.listdir(f"{folder}/{LAUNCHES_FOLDER}")  # noqa: PTH208 - lists of runs ask for each: Path's takes twice
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    stems = [name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING)]
    last = max((int(stem) for stem in stems if stem.isdecimal()), default=None)
    if last is None:
        return None
    file = f"{folder}/{LAUNCHES_FOLDER}/{last}{_ENDING}"
    for _ in range(2):  # a file server may refuse what was replaced since it was opened
        with suppress(FileError, ValueError):
            return Launch.model_validate(read_json(file, _LARGEST_BYTES))
    return Launch(number=last, was_read=False)


def claim_launch(folder: Path, executor: str, last: Launch | None) -> Launch:
    """Record that an executor launches the run now, after the launch that was the last one before its state was read.

    Raises `RunError` where another process launches it at the same time.
    """
    launch = Launch(number=1 if last is None else last.number + 1, executor=executor)
    try:
        make_subfolder(folder / LAUNCHES_FOLDER)
        write_new(launch_file(folder, launch.number), launch.model_dump_json())
    except FileExistsError:
        raise RunError(f"run {folder.name} is being launched by another process; look at its state again") from None
    return launch


def record_launch(folder: Path, launch: Launch) -> None:
    """Replace what is known of a launch: its job, or the scheduler's word."""
    write_whole(launch_file(folder, launch.number), launch.model_dump_json())


def launch_file(folder: Path, number: int) -> Path:
    """Return the path of the record of a run's launch of that number."""
    return folder / LAUNCHES_FOLDER / f"{number}{_ENDING}"
