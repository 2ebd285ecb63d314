"""A claim: work that ALLscope and its peers do in turn, and how far ahead ALLscope is meant to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

OURS = "ALLscope"

Measure = Callable[[], float]
"""Do the work once and return its figure."""


class LeftOutError(Exception):
    """A contender cannot take part here; the message says why."""


@dataclass(frozen=True)
class Material:
    """What all contenders of a claim work on: a folder with one folder of images a class, and a scratch folder.

    `data` is never written to; `scratch` is kept between claims, so that what is made there is made once. `drawn` is
    how many images a claim about many of them draws.
    """

    data: Path
    scratch: Path
    drawn: int = 100_000


@dataclass(frozen=True)
class Claim:
    """Work with its contenders, ALLscope first; goals are ratios of ALLscope's figure to a contender's.

    A contender's function imports what it needs, makes everything ready and warm, and returns what is measured. Where
    more is better (images a second) a goal is the least ratio, otherwise (seconds, MB) the largest. `limit` and `worst`
    are what the median and the worst of ALLscope's own figures may be, `memory` the most MB that its process may take.
    """

    work: str
    unit: str
    contenders: Mapping[str, Callable[[Material], Measure]]
    goals: Mapping[str, float] = field(default_factory=dict)
    more_is_better: bool = False
    rounds: int = 5
    limit: float | None = None
    worst: float | None = None
    memory: float | None = None

    def reaches(self, contender: str, ratio: float) -> bool | None:
        """Return whether a ratio is what was aimed at; None where nothing was."""
        goal = self.goals.get(contender)
        if goal is None:
            return None
        return ratio >= goal if self.more_is_better else ratio <= goal
