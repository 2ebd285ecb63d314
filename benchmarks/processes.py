"""Processes that a contender starts: how long they take, and the most memory that any of them had."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from allcore.memory import peak_memory

_LOOKS = 0.02
"""Seconds between two looks at a process's high-water mark, which the system keeps until the process ends.

What a process takes in its last moment, shorter than this, is not seen.
"""
_most = {"bytes": 0}


def seconds_of(*words: str) -> float:
    """Run Python with these words in a process of its own and return its seconds. Raises where it fails."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with weighed(process.pid):
        process.wait()
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return time.perf_counter() - began


@contextmanager
def weighed(pid: int) -> Iterator[None]:
    """Note the most memory that a process takes meanwhile."""
    over = Event()
    looking = Thread(target=_look, args=(pid, over), daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def peak_megabytes() -> float | None:
    """Return the most MB of the heaviest process that was weighed, of this process where none was.

    None where the system does not count them.
    """
    most = _most["bytes"] or peak_memory()
    return None if most is None else most / 1e6


def _look(pid: int, over: Event) -> None:
    while True:
        ended = over.wait(_LOOKS)
        _most["bytes"] = max(_most["bytes"], _high_water(pid))
        if ended:
            return


def _high_water(pid: int) -> int:
    """Return the most bytes that a process had in memory so far; 0 where that is not known, or it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
