"""Processes that a contender starts: how long they take, and the most memory that any of them had."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from allcore.memory import peak_memory

_LOOKS = 0.02
"""Seconds between two looks at a process's high-water mark, which the system keeps until the process ends.

What a process takes in its last moment, shorter than this, is not seen.
"""


@dataclass
class Weight:
    """The most bytes that a process was seen to take; 0 where the system does not say."""

    most: int = 0


_weights: list[Weight] = []
"""Of every process that was weighed."""


def seconds_of(*words: str) -> float:
    """Run Python with these words in a process of its own and return its seconds. Raises where it fails."""
    began = time.perf_counter()
    _run(words)
    return time.perf_counter() - began


def megabytes_of(*words: str) -> float:
    """Run Python with these words in a process of its own and return the most MB that it took. Raises where it fails.

    0 where `weighs` says that no process can be weighed.
    """
    return _run(words).most / 1e6


def weighs() -> bool:
    """Return whether the system says what a process took at most."""
    return _high_water(os.getpid()) > 0


@contextmanager
def weighed(pid: int) -> Iterator[Weight]:
    """Note the most memory that a process takes meanwhile."""
    weight, over = Weight(), Event()
    _weights.append(weight)
    looking = Thread(target=_look, args=(pid, weight, over), daemon=True)
    looking.start()
    try:
        yield weight
    finally:
        over.set()
        looking.join()


def peak_megabytes() -> float | None:
    """Return the most MB of the heaviest process that was weighed, of this process where none was.

    None where the system does not count them.
    """
    most = max(weight.most for weight in _weights) if _weights else peak_memory()
    return most / 1e6 if most else None


def _run(words: tuple[str, ...]) -> Weight:
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with weighed(process.pid) as weight:
        process.wait()
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return weight


def _look(pid: int, weight: Weight, over: Event) -> None:
    while True:
        ended = over.wait(_LOOKS)
        weight.most = max(weight.most, _high_water(pid))
        if ended:
            return


def _high_water(pid: int) -> int:
    """Return the most bytes that a process had in memory so far; 0 where that is not known, or it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
