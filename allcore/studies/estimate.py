"""What a study will take before it is launched: its members' time, so many at a time, and their room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from allcore.config import TrainConfig
from allcore.data.splits.split import Split
from allcore.hardware import Devices
from allcore.runs.estimate import Estimate, Speed, estimate
from allcore.studies.baselines import divisions
from allcore.studies.disk_use import kept_bytes, training_bytes
from allcore.studies.grid import time_of_all
from allcore.studies.plan import StudyPlan


@dataclass(frozen=True)
class StudyEstimate:
    """What the study takes. `settings` has the estimate of one member of each, and how many members each has.

    Each of these scores the shortcut baselines; the study scores them once for each division of the images.
    `at_once` members train at a time, in `total_seconds`, which are None where a setting's speed is not known.
    `kept_bytes` stay on the disk, `needed_bytes` are the most that it takes while the last members train, `free_bytes`
    are there.
    """

    settings: tuple[tuple[str, Estimate, int], ...]
    at_once: int
    total_seconds: float | None
    kept_bytes: int
    needed_bytes: int
    free_bytes: int

    @property
    def fits(self) -> bool:
        """Whether the disk has room for it."""
        return self.needed_bytes < self.free_bytes

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said of how its runs would train on this machine, each thing once."""
        return tuple(dict.fromkeys(each.warning for _, each, _ in self.settings if each.warning))


def estimate_study(
    plan: StudyPlan,
    split: Split,
    devices: Devices,
    speed: Callable[[TrainConfig], Speed | None],
    at_once: Callable[[TrainConfig], int],
    disk: Path,
    image_bytes: int = 0,
) -> StudyEstimate:
    """Return what a study takes whose members are about as large as `split`, the runs lying on the disk of `disk`.

    `at_once` says how many runs of a configuration go on at a time, `image_bytes` are those of the decoded images.

    Raises `ConfigError` when a GPU is asked for and missing.
    """
    first = {place.setting: place.config for place in reversed(plan.places)}
    members = plan.members // len(first)
    speeds = {setting: speed(first[setting]) for setting in plan.settings}

    def of_one(setting: str, *, scored: bool = False) -> Estimate:
        return estimate(first[setting], split, devices, speeds[setting], scored=scored, image_bytes=image_bytes)

    settings = tuple((setting, of_one(setting), members) for setting in plan.settings)
    firsts = {setting: each.total_seconds for setting, each, _ in settings}
    others = {setting: of_one(setting, scored=True).total_seconds for setting in plan.settings}
    number = min(plan.members, *(max(1, at_once(config)) for config in first.values()))
    classes, images = len(split.classes), len(split.table)
    kept = sum(members * kept_bytes(config, classes, images, keep_model=plan.keep_models) for config in first.values())
    return StudyEstimate(
        settings=settings,
        at_once=number,
        total_seconds=_total(plan, firsts, others, number),
        kept_bytes=kept,
        needed_bytes=kept + number * max(training_bytes(config, classes) for config in first.values()),
        free_bytes=shutil.disk_usage(_existing(disk)).free,
    )


def _total(
    plan: StudyPlan, firsts: dict[str, float | None], others: dict[str, float | None], at_once: int
) -> float | None:
    """Return the seconds of all members; of those that divide the images alike, the first scores the baselines."""
    division = divisions(plan)
    divided: set[tuple[str, int, int | None]] = set()
    seconds: list[float | None] = []
    for place in plan.places:
        part = division[place.setting], place.seed, place.fold
        seconds.append((others if part in divided else firsts)[place.setting])
        divided.add(part)
    known = [each for each in seconds if each is not None]
    return time_of_all(known, at_once) if len(known) == len(seconds) else None


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
