"""Results in a cache, named by the content that they were made from, so that the same content is never worked on twice.

Small results are read back or made again: a missing or damaged one, or a full disk, costs time alone. Large ones are
built by one process of a machine while others wait, and appear whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock
from pydantic import BaseModel

from allcore.disk_space import check_space
from allcore.errors import DatasetError
from allcore.files import stamp
from allcore.writing import UNFINISHED, make_folder, rename, sync_all, written_whole

_Result = TypeVar("_Result", bound=BaseModel)


def short_digest(content: str) -> str:
    """Return 16 hexadecimal digits that name `content`."""
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def cached_file(cache: Path, kind: str, content: str, suffix: str) -> Path:
    """Return where below `cache` the result of this `kind` is that was made from `content`."""
    return cache / kind / f"{short_digest(content)}{suffix}"


def read_cached(file: Path, of: type[_Result]) -> _Result | None:
    """Return the result in a JSON file; None when there is none, or it is damaged."""
    try:
        return of.model_validate_json(file.read_bytes())
    except (OSError, ValueError):
        return None


def cached_version(cache: Path, *kinds: str) -> tuple[tuple[int, int], ...]:
    """Return what changes when a result of one of the kinds is made: how many are kept, and when the last one was."""
    kept = []
    for kind in kinds:
        times = [stamp(file)[0] for file in (cache / kind).rglob("*.json")]
        kept.append((len(times), max(times, default=0)))
    return tuple(kept)


def cache_result(file: Path, write: Callable[[Path], object]) -> None:
    """Put what `write` writes to the path that it is given at `file`, whole or, when the disk refuses, not at all."""
    with suppress(OSError):
        make_folder(file.parent)
        with written_whole(file) as unfinished:
            write(unfinished)


def cache_text(file: Path, text: str) -> None:
    """Put a text at `file`, as `cache_result` does."""
    cache_result(file, lambda unfinished: unfinished.write_text(text, encoding="utf-8", newline=""))


def build_once(
    place: Path, is_whole: Callable[[], bool], build: Callable[[Path], object], what: str, needed: int
) -> None:
    """Have `build` write the file or folder `place`, of `needed` bytes, at the path that it is given, if not whole yet.

    What a killed build left, or damage since, is made good. Machines that share the folder may build at the same time,
    since a lock need not reach from one to the other: each writes under a name of its own, and the first one's counts.
    Raises `DatasetError` that names `what` cannot be written.
    """
    if is_whole():
        return
    unfinished = place.with_suffix(f".{_machine()}{UNFINISHED}")
    try:
        make_folder(place.parent)
        with FileLock(place.with_suffix(".lock")):
            was_there = os.path.lexists(place)
            if is_whole():
                return
            _remove(unfinished)
            if was_there:  # damaged; what is there since then is another machine's
                _remove(place)
            check_space(what, needed, place.parent)
            try:
                build(unfinished)
                sync_all(unfinished)
                _take_place(unfinished, place, is_whole)
            finally:
                _remove(unfinished)
    except OSError as error:
        raise DatasetError(
            f"{what} cannot be written below {place.parent} ({error.strerror or error}); "
            "make room there, make it writable, or set ALLCORE_WORKSPACE to another disk"
        ) from None


def _take_place(unfinished: Path, place: Path, is_whole: Callable[[], bool]) -> None:
    try:
        rename(unfinished, place)
    except FileExistsError:  # another machine was faster
        if not is_whole():
            raise


def _machine() -> str:
    """Return the name of this machine, within which the lock holds."""
    return socket.gethostname()


def _remove(remains: Path) -> None:
    if remains.is_dir():
        shutil.rmtree(remains, ignore_errors=True)
    else:
        remains.unlink(missing_ok=True)
