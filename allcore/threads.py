"""Work on many items in threads, a few items ahead of whoever takes the results; and what those threads share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

from allcore.processors import processors

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_AHEAD = 4


def in_threads(
    work: Callable[[_Item], _Result], items: Iterable[_Item], workers: int | None = None, ahead: int = _AHEAD
) -> Iterator[_Result]:
    """Yield what `work` makes of each item, in order; `workers` are as many threads as there are processors when unset.

    Only a few items are taken before their results are wanted, `ahead` a thread: whoever stops taking results waits for
    those that threads are at, and so does a process that ends.
    """
    workers = workers or processors()
    begun: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) >= ahead * workers:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class _OneThread:
    """Holds the linear algebra of the whole process to one thread as long as anybody wants that."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wanted = 0
        self._restore: Callable[[], None] | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        from threadpoolctl import threadpool_limits  # not with every command

        with self._lock:
            if self._restore is None:
                self._restore = threadpool_limits(1, user_api="blas").restore_original_limits
            self._wanted += 1
        try:
            yield
        finally:
            with self._lock:
                self._wanted -= 1
                if not self._wanted and self._restore is not None:
                    self._restore()
                    self._restore = None


linear_algebra_in_one_thread = _OneThread().held
"""For work in threads that multiplies matrices: each product would else begin threads that wait for one another."""
