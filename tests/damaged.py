"""Bytes to which something happened, and how many of them a test looks at."""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

TIMES = int(os.environ.get("ALLCORE_SOAK") or 1)
"""How many times as many damaged inputs as usual: `make soak` sets it."""

MOST_BYTES = 2**30
PIECES = (
    b"",
    b"\0",
    b"\xff",
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b"PK\x03\x04",
    b'"',
    b",",
    b"\n",
    b"-1",
    b"9" * 30,
    b"/../",
)


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """Return a file's content cut short, with bits turned, or with pieces put in, taken out or repeated."""
    data = bytearray(whole[: rng.randrange(len(whole) + 1)] if rng.random() < 0.2 else whole)
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        if not data:
            break
        at = rng.randrange(min(len(data), rng.choice((64, 512, len(data)))))  # headers break in the most ways
        if rng.random() < 0.3:
            at = len(data) - 1 - at % len(data)  # and so do directories at the end
        kind = rng.randrange(4)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + rng.choice((0, 1, 4, 100))] = rng.choice(PIECES)
        elif kind == 2:
            data[at : at + 4] = rng.randbytes(4)
        else:
            data[at:at] = data[at : at + rng.choice((1, 8, 200))]
    return bytes(data)


@contextmanager
def little_memory() -> Iterator[None]:
    """Let the process have 1 GiB of address space more than it has now: asking for more raises MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + MOST_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
