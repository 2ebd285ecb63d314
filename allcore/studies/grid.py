"""A study at a glance: the state of the member at each place, and the time that is left for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapreplace
from typing import TYPE_CHECKING, Literal

from allcore.config import TrainConfig
from allcore.errors import RunError
from allcore.runs.folder.history import History
from allcore.runs.folder.states import ACTIVE, State
from allcore.runs.folder.store import Run
from allcore.runs.summarize import summarize
from allcore.runs.summary import RunSummary
from allcore.studies.plan import Place, StudyPlan
from allcore.studies.store import Study

if TYPE_CHECKING:
    import pandas as pd

_MemberState = State | Literal["damaged", "missing"]


@dataclass(frozen=True)
class Member:
    """A place of the grid, and what is known of the run that stands there, if one does.

    `seconds` are those that its epochs took so far.
    """

    place: Place
    summary: RunSummary | None = None
    seconds: float = 0.0

    @property
    def state(self) -> _MemberState:
        """The run's state, or `missing`."""
        return "missing" if self.summary is None else self.summary.state

    @property
    def run(self) -> str:
        """The run's id, '' where there is none."""
        return "" if self.summary is None else self.summary.id

    @property
    def note(self) -> str:
        """What went wrong, or else the first warning."""
        return "" if self.summary is None else self.summary.note


@dataclass(frozen=True)
class Grid:
    """A study's members in the order of their places, the state of the process that carries it out, and its error."""

    study: str
    plan: StudyPlan
    state: State
    phase: str
    error: str
    members: tuple[Member, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many members are in each state."""
        return Counter(member.state for member in self.members)

    @property
    def is_active(self) -> bool:
        """Whether somebody carries the study out, or a member of it goes on."""
        return self.state in ACTIVE or any(member.state in ACTIVE for member in self.members)

    @property
    def is_whole(self) -> bool:
        """Whether every member has succeeded."""
        return self.counts["succeeded"] == len(self.members)

    @property
    def progress(self) -> float:
        """The part of all training that is done, 0 to 1, members counted by what they cost."""
        costs = [cost(member.place.config) for member in self.members]
        done = [each * _done(member) for each, member in zip(costs, self.members, strict=True)]
        return sum(done) / sum(costs)

    @property
    def eta_seconds(self) -> float | None:
        """Seconds until all members are trained, as many at a time as train now; None before the end of an epoch.

        A member takes as long as those of its setting did; where none has begun, as long as its cost makes of others'.
        """
        of_settings: dict[str, tuple[float, float]] = {}
        for member in self.members:
            part = _done(member)
            if member.seconds > 0 and part > 0:
                seconds, trained = of_settings.get(member.place.setting, (0.0, 0.0))
                of_settings[member.place.setting] = seconds + member.seconds, trained + part * cost(member.place.config)
        if not of_settings:
            return None
        everything = tuple(map(sum, zip(*of_settings.values(), strict=True)))
        left = []
        for member in sorted(self.members, key=lambda member: member.state != "running"):
            seconds, trained = of_settings.get(member.place.setting, everything)
            left.append((1.0 - _done(member)) * cost(member.place.config) * seconds / trained)
        return time_of_all(left, max(1, self.counts["running"]))


def read_grid(
    study: Study,
    plan: StudyPlan,
    runs: Sequence[Run],
    summary: Callable[[Run], RunSummary] = summarize,
    history: Callable[[Run], History] = Run.history,
) -> Grid:
    """Return a study as it is now; `runs` are all there are, newest first. Raises `RunError` when it is damaged.

    `summary` and `history` give those of a run: a caller that looks often keeps what it has read.
    """
    status, found = study.status(), study.members(runs)
    members = []
    for place in plan.places:
        run = found.get(place.name)
        members.append(Member(place) if run is None else Member(place, summary(run), _seconds(run, history)))
    return Grid(study.name, plan, status.state, status.phase, status.error, tuple(members))


def grid_table(grid: Grid) -> pd.DataFrame:
    """Return one row a member: place, setting, seed, fold, state, progress (fraction), run, best validation accuracy
    (fraction), seconds trained and a note."""
    import pandas as pd

    rows = [
        {
            "place": member.place.name,
            "setting": member.place.setting,
            "seed": member.place.seed,
            "fold": member.place.fold,
            "state": member.state,
            "progress": _done(member),
            "best_validation_accuracy": None if member.summary is None else member.summary.best_validation_accuracy,
            "seconds": member.seconds or None,
            "run": member.run,
            "note": member.note,
        }
        for member in grid.members
    ]
    return pd.DataFrame(rows).astype({"fold": "Int64", "best_validation_accuracy": "Float64", "seconds": "Float64"})


def time_of_all(seconds: Iterable[float], at_once: int) -> float:
    """Return how long all of some trainings take, of so many seconds each, of which `at_once` go on at a time."""
    ends = [0.0] * at_once
    for each in seconds:
        heapreplace(ends, ends[0] + each)
    return max(ends)


def cost(config: TrainConfig) -> float:
    """Return what training costs beside others, in pixels that the network sees in all: a rough measure of time."""
    return float(config.image_size**2 * config.epochs)


def _done(member: Member) -> float:
    if member.state == "succeeded":
        return 1.0
    return 0.0 if member.summary is None else min(member.summary.progress, 1.0)


def _seconds(run: Run, history: Callable[[Run], History]) -> float:
    try:
        return history(run).training_seconds or 0.0
    except RunError:
        return 0.0
