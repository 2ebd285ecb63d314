"""Keeping a long-lived process small."""

from __future__ import annotations

import ctypes
import os

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as malloc.h numbers them
_KEPT_BYTES = 128 * 1024


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
