"""How many processors this process may use, which a scheduler or a container may hold below the machine's."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from allcore.control_groups import control_groups


def processors(root: Path = Path("/")) -> int:
    """Return how many processors this process may use: those it may run on, or what its control groups grant."""
    return max(1, min([_allowed(), *_granted(root)]))


def _allowed() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not tell
        return os.cpu_count() or 1  # noqa: TID251 - here alone


def _granted(root: Path) -> Iterator[int]:
    """Yield how many processors' time each control group may take; a part of one counts as one more."""
    for version, group in control_groups(root, "cpu"):
        with suppress(OSError, ValueError):  # no such group here, or "max", no limit
            quota, period = map(int, _limit(group, version).split())
            if quota > 0 and period > 0:
                yield math.ceil(quota / period)


def _limit(group: Path, version: int) -> str:
    files = ("cpu.max",) if version == 2 else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    return " ".join((group / name).read_text(encoding="utf-8") for name in files)
