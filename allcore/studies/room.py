"""How many members of a study a scheduler takes, as far as its refusals tell.

A limit on a user's jobs, or a scheduler that is started anew, refuses for a while what it takes later.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

_PAUSE_SECONDS: Final = 60.0
_LONGEST_PAUSE_SECONDS: Final = 1800.0
_PATIENCE_SECONDS: Final = 86_400.0
_FIRST_PATIENCE_SECONDS: Final = 150.0
"""Of a scheduler that has taken none yet: a partition that it does not have, say, it refuses for ever."""


@dataclass
class Room:
    """What a scheduler took, and when it is asked for more than it took: after pauses that double while it refuses."""

    refusal: str = ""
    """Its last word, while it takes fewer than are wanted."""
    _limit: int = 0
    _has_taken: bool = False
    _pause: float = 0.0
    _again: float = 0.0
    _refused_since: float = 0.0

    def of(self, wanted: int) -> int:
        """Return how many may go on at a time, where `wanted` would: after a pause one more, or all where none does."""
        if not self.refusal or (not self._has_taken and self.may_ask_again()):
            return wanted
        return min(wanted, self._limit + self.may_ask_again())

    def may_ask_again(self) -> bool:
        """Return whether a pause after a refusal is over."""
        return bool(self.refusal) and time.monotonic() >= self._again

    def goes_on(self, going: int, wanted: int) -> None:
        """Take note that so many go on, and that `wanted` would: as many as it has are not too many for it."""
        if self.refusal:
            self._limit = max(self._limit, going)
            self._forget_where_enough(wanted)

    def heard(self, going: int, taken: int, refusal: str, wanted: int, *, once_more: bool = True) -> None:
        """Take note of what became of a few launches: so many went on before, so many were taken, and why no more.

        `once_more` says whether what was refused had been refused before.
        """
        now, asked_again = time.monotonic(), self.may_ask_again() and once_more
        self._has_taken = self._has_taken or taken > 0 or going > 0
        if taken or going or not self.refusal:
            self._refused_since = now
        if refusal:
            if going + taken < self._limit:  # it had as many before: a job may count for a moment after its run's end
                self._pause = _PAUSE_SECONDS
            elif asked_again and not taken:
                self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
            self._pause = self._pause or _PAUSE_SECONDS
            self._limit, self._again = going + taken, now + self._pause
            self.refusal = refusal
        elif taken and self.refusal:
            self._limit = max(self._limit, going + taken)
            self._forget_where_enough(wanted)

    def _forget_where_enough(self, wanted: int) -> None:
        if self._limit >= wanted:
            self.refusal, self._pause = "", 0.0

    def is_hopeless(self) -> bool:
        """Return whether it has refused for so long that it is not asked any more."""
        patience = _PATIENCE_SECONDS if self._has_taken else _FIRST_PATIENCE_SECONDS
        return bool(self.refusal) and time.monotonic() - self._refused_since > patience
