"""Files that a person names: written whole, and what is no file of its own straight into, which stays what it is."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from allcore.writing import unfinished_folder, write_whole

_MOST_LINKS = 40


def write_named(path: Path, content: str | bytes) -> None:
    """Write content to the file, pipe, device or descriptor of this process, as `/dev/stdout`, that `path` names.

    A link stays as well; where it leads to is written.
    """
    written = content.encode() if isinstance(content, str) else content
    if (descriptor := _descriptor(path)) is not None:  # opened by its path, a file would be written from its beginning
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(written)
    elif _takes_what_comes(path):
        path.write_bytes(written)
    else:
        write_whole(path.resolve(), written)


def check_named(path: Path) -> None:
    """Raise `OSError` where `write_named` could not write now, before hours of work for it; nothing is changed."""
    if (descriptor := _descriptor(path)) is not None:
        os.write(descriptor, b"")
    elif path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    elif not _takes_what_comes(path):
        with unfinished_folder(path.resolve().parent):
            pass
    elif not os.access(path, os.W_OK):  # opening it could wait for ever
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _descriptor(path: Path) -> int | None:
    """Return the number of the descriptor of this process that a path, or the last link on its way, names."""
    for _ in range(_MOST_LINKS):
        if path.name.isdecimal() and os.path.realpath(path.parent) in (f"/proc/{os.getpid()}/fd", "/dev/fd"):
            return int(path.name)
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return None


def _takes_what_comes(path: Path) -> bool:
    """Return whether a pipe, a device or a socket is there, which no file may take the place of."""
    return path.exists() and not path.is_file() and not path.is_dir()
