"""What a study will take before it is launched: its members' time, one after another, and their room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from allcore.config import TrainConfig
from allcore.data.split import Split
from allcore.hardware import Devices
from allcore.runs.estimate import Estimate, Speed, estimate
from allcore.studies.kept import kept_bytes, training_bytes
from allcore.studies.plan import StudyPlan


@dataclass(frozen=True)
class StudyEstimate:
    """What the study takes. `cells` has the estimate of one member of each cell and how many members the cell has.

    `total_seconds` is None where a cell's speed is not known. `kept_bytes` stay on the disk, `needed_bytes` are the
    most that it takes while the last member trains, `free_bytes` are there.
    """

    cells: tuple[tuple[str, Estimate, int], ...]
    total_seconds: float | None
    kept_bytes: int
    needed_bytes: int
    free_bytes: int

    @property
    def fits(self) -> bool:
        """Whether the disk has room for it."""
        return self.needed_bytes < self.free_bytes


def estimate_study(
    plan: StudyPlan,
    split: Split,
    devices: Devices,
    speed: Callable[[TrainConfig], Speed | None],
    disk: Path,
    image_bytes: int = 0,
) -> StudyEstimate:
    """Return what a study takes whose members are about as large as `split`, the runs lying on the disk of `disk`.

    `image_bytes` are those of the decoded images.

    Raises `ConfigError` when a GPU is asked for and missing.
    """
    first = {place.cell: place.config for place in reversed(plan.places)}
    members = plan.members // len(first)
    cells = tuple(
        (cell, estimate(first[cell], split, devices, speed(first[cell]), image_bytes=image_bytes), members)
        for cell in plan.cells
    )
    seconds = [each.total_seconds for _, each, _ in cells]
    classes, images = len(split.classes), len(split.table)
    kept = sum(members * kept_bytes(config, classes, images, plan.keep_models) for config in first.values())
    return StudyEstimate(
        cells=cells,
        total_seconds=_total(seconds, members),
        kept_bytes=kept,
        needed_bytes=kept + max(training_bytes(config, classes) for config in first.values()),
        free_bytes=shutil.disk_usage(_existing(disk)).free,
    )


def _total(seconds: Sequence[float | None], members: int) -> float | None:
    known = [each for each in seconds if each is not None]
    return members * sum(known) if len(known) == len(seconds) else None


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
