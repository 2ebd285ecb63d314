"""Work on many items in threads, a few items ahead of whoever takes the results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
