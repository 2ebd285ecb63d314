"""Launching many runs at one moment: what they have in common is found once, and they wait for the disk together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final

from allcore.runs.execution.preflight import looked_at_once

_AT_A_TIME: Final = 8
"""A launch waits ten times for the disk and once for a scheduler, which take several in the time of one."""


def launch_all(launches: Sequence[Callable[[], object]]) -> None:
    """Carry out launches, some at a time, begun in their order.

    What one raises is raised once those have ended that were begun; the others are left.
    """
    with looked_at_once(), ThreadPoolExecutor(_AT_A_TIME) as pool:
        begun = [pool.submit(_in_this_context(launch)) for launch in launches]
        try:
            for one in begun:
                one.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _in_this_context(launch: Callable[[], object]) -> Callable[[], object]:
    """Return a launch that, in another thread, finds what `looked_at_once` shares."""
    context = copy_context()
    return lambda: context.run(launch)
