"""The turns of a run's workers: each takes the next one, and one that is not the last ends before it writes again.

A worker that was taken for lost may live on: its machine was cut off from the scheduler and not from the disk, or was
asleep. It never hears that the run was launched anew, nor that a scheduler queued its job again; here it sees it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from allcore.errors import RunError
from allcore.runs.folder.files import LAUNCHES_FOLDER, is_there
from allcore.runs.folder.launches import Launch, last_launch, launch_file
from allcore.writing import make_subfolder, write_new

SUPERSEDED: Final = 2
"""Exit status of a worker that has no business with its run, or no more."""


@dataclass(frozen=True)
class Turn:
    """A worker's turn at a run: over as soon as a later worker begins, or the run is launched again."""

    folder: Path
    launch: int
    number: int

    def is_over(self) -> bool:
        """Return whether the run is another's now; a disk that does not say changes nothing."""
        followers = (launch_file(self.folder, self.launch + 1), _turn_file(self.folder, self.number + 1))
        return any(map(is_there, followers))

    def end_if_over(self) -> None:
        """End this process at once where the run is another's: whatever it still wrote would be in that one's way."""
        if self.is_over():
            print(f"run {self.folder.name} has another worker now; this one ends", file=sys.stderr, flush=True)
            os._exit(SUPERSEDED)


def take_turn(folder: Path, launch: Launch) -> Turn:
    """Take the next turn at a run, which ends the turn of whoever had it before.

    Raises `RunError` where the run's folder is gone or it was launched again meanwhile.
    """
    try:
        make_subfolder(folder / LAUNCHES_FOLDER)
    except FileNotFoundError:
        raise RunError(f"run {folder.name} was deleted") from None
    while True:
        turn = Turn(folder, launch.number, 1 + max(_taken(folder), default=0))
        try:
            write_new(_turn_file(folder, turn.number), "")
        except FileExistsError:
            continue  # another worker took it at the same moment: the later one has the run
        if turn.is_over():
            raise RunError(f"run {folder.name} was launched again since: launch {launch.number} counts no more")
        return turn


def present_turn(folder: Path) -> Turn:
    """Return the turn of the worker that has the run now; for whoever only looks on as long as it has."""
    launch = last_launch(folder) or Launch(number=1)
    return Turn(folder, launch.number, max(_taken(folder), default=0))


def _taken(folder: Path) -> list[int]:
    return [int(file.stem) for file in (folder / LAUNCHES_FOLDER).glob("*.worker") if file.stem.isdecimal()]


def _turn_file(folder: Path, number: int) -> Path:
    return folder / LAUNCHES_FOLDER / f"{number}.worker"
