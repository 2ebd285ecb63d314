"""The one door to files that somebody else named or wrote: looked at before they are opened, read up to a bound."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from allcore.errors import FileError, MissingFileError

_TO_READ: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_AT_A_TIME: Final = 2**30
_SETTLED_NS: Final = 2_000_000_000
"""A file that is younger may be changed again within one step of its disk's clock, and look the same."""


Place = str | os.PathLike[str]
"""A path as a text or as an object; making objects of thousands of names takes longer than looking at the files."""

Stamp = tuple[int, int]
"""What tells the versions of a file apart: when it was changed (ns), and its bytes."""
NOT_THERE: Final[Stamp] = (0, 0)


def check_file(path: Place, most_bytes: int) -> int:
    """Return the bytes of a regular file, links followed, without opening it.

    Raises `MissingFileError` when nothing is there, `FileError` when it is a folder, a pipe, a device or a socket, when
    it is larger than `most_bytes`, or when it may not be looked at.
    """
    try:
        facts = os.stat(path)  # noqa: PTH116 - a path may be a text
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None
    return _checked(facts, most_bytes)


def is_file(path: Path) -> bool:
    """Return whether a regular file is there; not where that cannot be told, of a name that is too long for one."""
    with suppress(OSError, ValueError):
        return path.is_file()
    return False


def is_folder(path: Path) -> bool:
    """Return whether a folder is there; not where that cannot be told, of a name that is too long for one."""
    with suppress(OSError, ValueError):
        return path.is_dir()
    return False


def stamp(file: Place) -> Stamp:
    """Return what tells versions of a file apart; `NOT_THERE` when it is not there."""
    try:
        facts = os.stat(file)  # noqa: PTH116 - a path may be a text
    except (OSError, ValueError):
        return NOT_THERE
    return (facts.st_mtime_ns, facts.st_size)


def file_sha256(file: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal text, worked out once for a version. Raises `OSError`.

    Results are kept on the disk by it, so versions are told apart by more than their `stamp`, which can be set.
    """
    facts = file.stat()
    if time.time_ns() - max(facts.st_mtime_ns, facts.st_ctime_ns) < _SETTLED_NS:
        return _sha256(file)
    return _known_sha256(file, (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino))


@lru_cache(maxsize=64)
def _known_sha256(file: Path, version: tuple[int, ...]) -> str:
    return _sha256(file)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def read_file(path: Place, most_bytes: int, start: int = 0) -> bytes:
    """Return the bytes, those before `start` left out, of a regular file of `most_bytes` at the most.

    Raises what `check_file` does.

    Nothing else is opened, for opening alone can wait for ever (a pipe) or do something (a device); should one take the
    file's place in between, it is not waited for either.
    """
    with _opened(path, most_bytes) as (descriptor, size):
        return _read(descriptor, start, size - start)  # no more, should it be growing


def read_tail(path: Path, count: int) -> bytes:
    """Return the last bytes of a regular file of any size, `count` at the most. Raises what `check_file` does."""
    with _opened(path, sys.maxsize) as (descriptor, size):
        return _read(descriptor, max(0, size - count), count)


def bytes_below(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder; what is a link, or gone, counts nothing."""
    try:
        facts = path.lstat()
        if not stat.S_ISDIR(facts.st_mode):
            return facts.st_size if stat.S_ISREG(facts.st_mode) else 0
        return _bytes_in(path)
    except OSError:
        return 0


def _bytes_in(folder: Path | str) -> int:
    found = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    found += _bytes_in(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    found += entry.stat(follow_symlinks=False).st_size
    return found


@contextmanager
def _opened(path: Place, most_bytes: int) -> Iterator[tuple[int, int]]:
    """Hand out a file's descriptor and its bytes; no object of Python's own, which takes longer than a small file."""
    check_file(path, most_bytes)
    try:
        descriptor = os.open(path, _TO_READ)
        try:
            yield descriptor, _checked(os.fstat(descriptor), most_bytes)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(error) from None


def _read(descriptor: int, start: int, count: int) -> bytes:
    """Return up to `count` bytes from `start` on, fewer at the file's end."""
    if start:
        os.lseek(descriptor, start, os.SEEK_SET)
    parts: list[bytes] = []
    while count > 0 and (part := os.read(descriptor, min(count, _AT_A_TIME))):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _checked(facts: os.stat_result, most_bytes: int) -> int:
    if not stat.S_ISREG(facts.st_mode):
        found = "a folder" if stat.S_ISDIR(facts.st_mode) else "a pipe, a device or a socket"
        raise FileError(f"it is {found}; expected a regular file")
    if facts.st_size > most_bytes:
        raise _too_large(facts.st_size, most_bytes)
    return facts.st_size


def _too_large(size: int, most_bytes: int) -> FileError:
    return FileError(f"it has {_in_words(size)}; expected at most {_in_words(most_bytes)}")


def _in_words(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB" if size >= 2**20 else f"{size:,} bytes"


def _unreadable(error: Exception) -> FileError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return MissingFileError("it does not exist")
    return FileError(f"it cannot be read ({getattr(error, 'strerror', None) or error})")
