"""The one door to files that somebody else named or wrote: looked at before they are opened, read up to a bound."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from allcore.errors import FileError, MissingFileError


def check_file(path: Path, most_bytes: int) -> int:
    """Return the bytes of a regular file, links followed, without opening it.

    Raises `MissingFileError` when nothing is there, `FileError` when it is a folder, a pipe, a device or a socket, when
    it is larger than `most_bytes`, or when it may not be looked at.
    """
    try:
        facts = path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None
    return _checked(facts, most_bytes)


def read_file(path: Path, most_bytes: int) -> bytes:
    """Return the bytes of a regular file of `most_bytes` at the most. Raises what `check_file` does.

    Nothing else is opened, for opening alone can wait for ever (a pipe) or do something (a device); should one take the
    file's place in between, it is not waited for either.
    """
    check_file(path, most_bytes)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            size = _checked(os.fstat(descriptor), most_bytes)
            data = file.read(size + 1)  # no more, should it be growing
    except OSError as error:
        raise _unreadable(error) from None
    if len(data) > most_bytes:
        raise _too_large(len(data), most_bytes)
    return data


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
