"""What a process has in memory and may still take, and keeping a long-lived one small."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from allcore.control_groups import control_groups

_TELLING = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""By the version of control groups: what tells of their memory."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # as malloc.h numbers them
_KEPT_BYTES = 128 * 1024
_ARENAS = 2
_COLLECTED = {"all": float("-inf"), "recent": float("-inf")}


def return_freed_memory() -> None:
    """Let this process give large blocks back to the system as soon as they are freed.

    glibc would raise its thresholds with the first large block, and from then on keep what is freed. It would do so in
    up to eight arenas a processor, for each new thread takes another one, and each page has a thread. Arrow would keep
    a pool of its own. Where the C library is not glibc, only Arrow is told.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if "pyarrow" in sys.modules:  # whose pool is chosen
        sys.modules["pyarrow"].set_memory_pool(sys.modules["pyarrow"].system_memory_pool())
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
    mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
    mallopt(_ARENA_MAX, _ARENAS)


def collect_sparingly(seconds: float = 30.0, recent_seconds: float = 2.0) -> None:
    """Collect all garbage once in `seconds`, and, once in `recent_seconds`, what has become garbage since then.

    To look at all that was ever imported, as Streamlit would after each run of a page, takes longer than most pages;
    to look at it never lets what many visitors leave pile up.
    """
    now = time.monotonic()
    if now - _COLLECTED["all"] >= seconds:
        _COLLECTED.update(all=now, recent=now)
        gc.unfreeze()  # what was in use the last time may be garbage since
        gc.collect()
        gc.freeze()
    elif now - _COLLECTED["recent"] >= recent_seconds:
        _COLLECTED["recent"] = now
        gc.collect()


@contextmanager
def imported_for_good() -> Iterator[None]:
    """Collect no garbage while much is imported, and look through what was in use then never again.

    TensorFlow's import takes a quarter longer otherwise, and each later collection goes through its million objects.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def peak_memory() -> int | None:
    """Return the most bytes that this process has had in memory so far; None where the system does not count them."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def available_memory(root: Path = Path("/")) -> int:
    """Return the bytes that this process may still take: what the machine has left, or its control groups if less."""
    return min([psutil.virtual_memory().available, *_left_by_groups(root)])


def _left_by_groups(root: Path) -> Iterator[int]:
    """Yield what the limit of each control group leaves that this process is in; none where the system has none."""
    for version, group in control_groups(root, "memory"):
        with suppress(OSError, ValueError):  # no such group here, or "max", no limit
            yield _left(group, *_TELLING[version])


def _left(group: Path, limit: str, used: str, cached: str) -> int:
    """Return what a group's limit leaves, cached files that the system would drop first not counted as used."""
    most, taken = (int((group / name).read_text(encoding="utf-8")) for name in (limit, used))
    counts = dict(line.split() for line in (group / "memory.stat").read_text(encoding="utf-8").splitlines())
    return max(0, most - taken + int(counts.get(cached, 0)))
