"""How long ago a file was written, by the clock of what holds it."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from tempfile import TemporaryFile

_CLOCK_SECONDS = 1.0
"""How long a disk's clock is taken to go on as this machine's does, before the disk is asked again."""


def seconds_since_written(file: Path) -> float:
    """Return how long ago a file was written, by the clock of the disk or server that holds it alone.

    Other machines' clocks, and this one's, may be wrong by hours. Where nothing may be written, this one's is asked.
    """
    try:
        facts = file.stat()
    except OSError:
        return math.inf
    return abs(disk_time(file.parent, facts.st_dev) - facts.st_mtime)


_asked: dict[int, tuple[float, float]] = {}


def disk_time(folder: Path, disk: int) -> float:
    """Return the time by the clock of the disk, of that device number, on which a folder lies.

    It is told by a file that is made there. Of many runs that are looked at within a second the first alone makes one.
    Where nothing may be written, this machine's clock is asked.
    """
    now = time.monotonic()
    asked, there = _asked.get(disk, (-math.inf, 0.0))
    if now - asked > _CLOCK_SECONDS:
        try:
            with TemporaryFile(dir=folder) as probe:
                there = os.fstat(probe.fileno()).st_mtime
        except OSError:
            return time.time()
        asked = time.monotonic()
        _asked[disk] = asked, there
    return there + now - asked
