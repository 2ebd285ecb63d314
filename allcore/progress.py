"""How far long work has come, told as what is done and what there is in all."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Is told how much is done, and of how much."""

Phase = Callable[[str], None]
"""Is told in a few words what is being done now."""


class ProgressCounter:
    """Adds up what is done of `total` and tells `on_progress`, where there is one that wants to know."""

    def __init__(self, on_progress: Progress | None, total: int) -> None:
        self._tell, self._done, self._total = on_progress, 0, total

    def add(self, done: int = 1) -> None:
        """Count `done` more, never past the total."""
        self._done = min(self._done + done, self._total)
        if self._tell is not None:
            self._tell(self._done, self._total)


_PARTS = 1000


def progress_of_part(on_progress: Progress | None, number: int, of: int) -> Progress | None:
    """Return a callback for the progress of piece `number` (from 0) of `of` pieces of work.

    It tells `on_progress` how much of the whole is done. None where nobody wants to know.
    """
    if on_progress is None:
        return None
    return lambda done, total: on_progress(_PARTS * number + _PARTS * done // max(1, total), _PARTS * of)
