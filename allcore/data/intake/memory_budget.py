"""A bound on the memory that all threads of a process decode images with at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MemoryBudget:
    """Bytes that are shared by whoever needs some for a while; who asks for more than are left waits."""

    def __init__(self, total: int) -> None:
        self._total = self._free = total
        self._next = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def held(self, wanted: int) -> Iterator[None]:
        """Hold `wanted` bytes, or all there are where that is less, until the context ends.

        Those who wait come in turn, so that small pictures that go on for ever do not keep a large one waiting.
        """
        share = min(wanted, self._total)
        with self._next, self._changed:
            self._changed.wait_for(lambda: self._free >= share)
            self._free -= share
        try:
            yield
        finally:
            with self._changed:
                self._free += share
                self._changed.notify()
