"""The launches of a study's members: which come next, what was tried, and what a scheduler refused or forgot."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from allcore.errors import ConfigError, InputError, RunError, SchedulerError
from allcore.refusals import what_went_wrong
from allcore.runs.execution.choose_executor import resume
from allcore.runs.execution.executor import Executor
from allcore.runs.execution.launch_many import launch_all
from allcore.runs.folder.launches import last_launch
from allcore.runs.folder.store import Run
from allcore.runs.listing import list_runs
from allcore.studies.plan import Place
from allcore.studies.room import Room
from allcore.studies.same_images import must_be_those_of

Following = list[tuple[Place, Run | None]]
"""Places whose member is missing, or is to be tried again, in the plan's order."""

_MOST_LOSSES: Final = 2
_MANY: Final = 50
"""From how many launches on the list of runs is left ready for whoever looks first."""
_SETTLED_SECONDS: Final = 3.0
"""How long after a launch its files are taken to be those that the list may rely on."""


@dataclass
class MemberLaunches:
    """Launches members, each tried once; what is refused, or lost on its way, is tried again."""

    executor: Executor
    stop: Callable[[], bool]
    beat: Callable[[], None]
    members: tuple[Run, ...] = ()
    """Those that are there, the oldest first."""
    tried: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    """Places, of those that were tried, whose members cannot be launched, whatever comes of them."""
    problems: dict[str, str] = field(default_factory=dict)
    """Why members did not succeed, by place."""
    room: Room = field(default_factory=Room)
    refused: dict[str, str] = field(default_factory=dict)
    """What a scheduler said of each place whose member it has not taken when it was last asked."""
    losses: Counter[str] = field(default_factory=Counter)
    """How many launches of each place a scheduler forgot."""
    _unlisted: int = 0
    _launched: float = 0.0

    def launch_as_many_as_go(self, going: int, following: Following) -> bool:
        """Launch the first places for which there is room, and return whether the members are to be looked at anew.

        Places that were refused come after the others, and those of a setting that was refused after those of another:
        one that is refused for ever keeps none of them waiting. While nothing goes on, a place that is refused for the
        first time makes no pause longer.
        """
        fitting: Following = []
        wanted, is_any_remembered, refused = 0, False, list[str]()
        before, settings = set(self.refused), self._refused_settings(following)
        for place, run in sorted(following, key=lambda pair: (pair[0].name in before, pair[0].setting in settings)):
            try:
                wanted = self.executor.at_once(place.config)
            except SchedulerError as error:  # of all alike
                self.refused |= dict.fromkeys((place.name for place, _ in following), str(error))
                refused.append(place.name)
                break
            except ConfigError as error:  # others of the study may be carried out all the same
                self._remember(place, what_went_wrong(error))
                is_any_remembered = True
                continue
            self.room.goes_on(going, wanted)
            if going + len(fitting) >= self.room.of(wanted):
                break
            fitting.append((place, run))
        launch_all([partial(self._launch, place, run) for place, run in fitting])
        self._unlisted, self._launched = self._unlisted + len(fitting), time.monotonic()
        refused += [place.name for place, _ in fitting if place.name in self.refused]
        if fitting or refused:
            taken = sum(place.name in self.tried and place.name not in self.problems for place, _ in fitting)
            refusal = self.refused[refused[-1]] if refused else ""
            once_more = going > 0 or not before.isdisjoint(refused)
            self.room.heard(going, taken, refusal, wanted, once_more=once_more)
        return bool(fitting) or is_any_remembered

    def _refused_settings(self, following: Following) -> set[str]:
        return {place.setting for place, _ in following if place.name in self.refused}

    def is_hopeless(self, following: Following) -> bool:
        """Return whether each setting of what follows was refused, and all for so long that nobody asks any more."""
        settings = {place.setting for place, _ in following}
        return self.room.is_hopeless() and settings == self._refused_settings(following)

    def is_to_be_tried(self, place: Place, run: Run | None, state: str) -> bool:
        """Return whether the member at a place is to be launched: one that was not, or of whose launch nothing came."""
        if place.name in self.tried and run is not None and state == "interrupted" and self._is_lost(place, run):
            self.tried.remove(place.name)
        return place.name not in self.tried

    def _is_lost(self, place: Place, run: Run) -> bool:
        """Return whether nothing came of a member's launch, which is noted.

        A scheduler forgot the job before it began, or never took it, or refused what had waited for too long.
        """
        launch = last_launch(run.folder)
        if launch is None or place.name in self.given_up:
            return False
        if launch.was_refused:
            self.refused[place.name] = launch.word
            return True
        if not launch.is_forgotten or _has_begun(run) or self.losses[place.name] >= _MOST_LOSSES:
            return False
        self.losses[place.name] += 1
        return True

    def _launch(self, place: Place, run: Run | None) -> None:
        """Start or resume the member at a place; where that cannot be, it is remembered."""
        if self.stop():
            return
        self.beat()
        self.refused.pop(place.name, None)
        try:
            if run is None:
                self.executor.submit(place.config, lambda *_: self.beat(), partial(must_be_those_of, self.members))
            else:
                resume(run, self.executor)
            self.tried.add(place.name)
        except SchedulerError as error:
            self.refused[place.name] = str(error)
        except (InputError, OSError) as error:
            self._remember(place, what_went_wrong(error))

    def give_up(self, following: Following) -> None:
        """Remember why a scheduler did not take the members of these places."""
        for place, _ in following:
            self._remember(place, self.refused.get(place.name, self.room.refusal))

    def leave_the_list_ready(self) -> None:
        """Have the list of runs ready for whoever looks first, where many were launched."""
        if self._unlisted >= _MANY and time.monotonic() - self._launched > _SETTLED_SECONDS:
            list_runs(self.executor.workspace)
            self._unlisted = 0

    def _remember(self, place: Place, why: str) -> None:
        """Remember why the member at a place could not be launched: it is not tried again."""
        self.tried.add(place.name)
        self.given_up.add(place.name)
        self.problems[place.name] = why


def _has_begun(run: Run) -> bool:
    """Return whether a worker came since the run was launched, or may have come: its status is damaged."""
    with suppress(RunError):
        return run.status().pid is not None
    return True
