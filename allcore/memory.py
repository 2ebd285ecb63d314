"""What a process has in memory, and keeping a long-lived one small."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import time

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as malloc.h numbers them
_KEPT_BYTES = 128 * 1024
_COLLECTED = {"at": float("-inf")}


def return_freed_memory() -> None:
    """Let this process give large blocks back to the system as soon as they are freed.

    glibc would raise its thresholds with the first large block and keep what is freed from then on, for each thread;
    Arrow would keep a pool of its own. To be called before `pyarrow` is imported. Where the C library is another, only
    Arrow is asked.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
    mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)


def collect_sparingly(seconds: float = 30.0) -> None:
    """Collect all garbage once in so many seconds, and let collections in between pass over what was there then.

    To look at all that was ever imported, as Streamlit would after each run of a page, takes longer than most pages.
    """
    now = time.monotonic()
    if now - _COLLECTED["at"] < seconds:
        return
    _COLLECTED["at"] = now
    gc.unfreeze()  # what was in use the last time may be garbage since
    gc.collect()
    gc.freeze()


def peak_memory() -> int | None:
    """Return the most bytes that this process has had in memory so far; None where the system does not count them."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
