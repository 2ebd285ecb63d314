"""How many images a piece of work holds at once."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np


class Held:
    """Counts the arrays that a function has been asked for (`begun`), and how many of them were held at once (`most`).

    One counts until nobody refers to it any more.
    """

    def __init__(self) -> None:
        self.begun = self.most = self._now = 0
        self._lock = threading.Lock()

    def of(self, make: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        """Return the function `make`, whose arrays are counted."""

        def counted(*given: Any, **named: Any) -> np.ndarray:
            with self._lock:
                self.begun += 1
            made = make(*given, **named)
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
            weakref.finalize(made, self._gone)
            return made

        return counted

    def _gone(self) -> None:
        with self._lock:
            self._now -= 1
