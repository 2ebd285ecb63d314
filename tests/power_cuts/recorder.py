"""Writes down what a process does to the names and files below a folder, and what of it was synced by when."""

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SMALL = 2**18
"""Files up to this size are looked at after every step, since they may be appended to; larger ones when synced."""


class Recorder:
    """Takes a picture of the folder `root` after every operation that names, renames, removes or syncs something there.

    A file is known by a number of its own, whatever it is called. `log` gets `moments.jsonl`, a line a moment:

    - operation: what was done, or the text given to `mark`
    - folders: by path, its number and the numbers of the files and folders in it by name
    - synced_names: by folder number, its names when it was last synced
    - synced, seen: by file number, the stored content when it was last synced, and as it is (small files alone)
    """

    def __init__(self, root: Path, log: Path) -> None:
        self._root = root
        self._contents = log / "contents"
        self._contents.mkdir(parents=True)
        self._moments = (log / "moments.jsonl").open("w", encoding="utf-8")
        self._lock = threading.RLock()
        self._number_of_inode: dict[int, int] = {}
        self._stored = 0
        self._last_number = 0
        self._folders: dict[str, dict[str, Any]] = {}
        self._synced_names: dict[int, dict[str, int]] = {}
        self._synced: dict[int, int] = {}
        self._seen: dict[int, tuple[tuple[int, int], int]] = {}

    def mark(self, text: str) -> None:
        """Record that something was promised: `text` is the operation of a moment of its own."""
        with self._lock:
            self._picture(text)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record what `os` is asked for while the block runs; the libraries' own writing shows once it is synced."""
        really = {
            name: getattr(os, name) for name in ("fsync", "replace", "rename", "unlink", "remove", "rmdir", "mkdir")
        }

        def recorded(name: str) -> Callable[..., Any]:
            def operation(*arguments: Any, **options: Any) -> Any:
                with self._lock:
                    result = really[name](*arguments, **options)
                    if name == "fsync":
                        self._sync(arguments[0])
                    self._picture(name)
                return result

            return operation

        for name in really:
            setattr(os, name, recorded(name))
        try:
            self._picture("start")
            yield
        finally:
            for name, function in really.items():
                setattr(os, name, function)
            self._moments.close()

    def _sync(self, descriptor: int) -> None:
        about = os.fstat(descriptor)
        self._look()
        number = self._number_of_inode.get(about.st_ino)
        if number is None:  # nothing below the folder
            return
        if stat.S_ISDIR(about.st_mode):
            self._synced_names[number] = next(
                folder["names"] for folder in self._folders.values() if folder["number"] == number
            )
        else:
            self._synced[number] = self._store(Path(f"/proc/self/fd/{descriptor}").resolve(), about.st_size)

    def _picture(self, operation: str) -> None:
        self._look()
        moment = {
            "operation": operation, "folders": self._folders, "synced_names": self._synced_names,
            "synced": self._synced, "seen": {number: content for number, (_, content) in self._seen.items()},
        }  # fmt: skip
        self._moments.write(json.dumps(moment) + "\n")
        self._moments.flush()

    def _look(self) -> None:
        """Read all names, and the small files that have changed."""
        folders: dict[str, dict[str, Any]] = {}
        inodes: set[int] = set()
        for path, below, files in os.walk(self._root):
            names = {}
            for name in (*below, *files):
                try:
                    about = Path(path, name).lstat()
                except OSError:  # gone meanwhile: another thread's C library
                    continue
                inodes.add(about.st_ino)
                names[name] = self._number(about.st_ino)
                if stat.S_ISREG(about.st_mode):
                    self._see(Path(path, name), names[name], about)
            inode = Path(path).stat().st_ino
            inodes.add(inode)
            folders[os.path.relpath(path, self._root)] = {"number": self._number(inode), "names": names}
        self._folders = folders
        for inode in set(self._number_of_inode) - inodes:  # the number of the next file that gets this inode is another
            self._seen.pop(self._number_of_inode.pop(inode), None)

    def _number(self, inode: int) -> int:
        if inode not in self._number_of_inode:
            self._last_number += 1
            self._number_of_inode[inode] = self._last_number
        return self._number_of_inode[inode]

    def _see(self, path: Path, number: int, about: os.stat_result) -> None:
        version = (about.st_size, about.st_mtime_ns)
        if about.st_size > _SMALL:
            self._seen.pop(number, None)  # it was small when it was seen, and is not what it was
        elif self._seen.get(number, (None, 0))[0] != version:
            self._seen[number] = (version, self._store(path, about.st_size))

    def _store(self, path: Path, size: int) -> int:
        """Store a file's content and return its number there; large ones, which are written once, by a link."""
        self._stored += 1
        target = self._contents / str(self._stored)
        if size > _SMALL:
            target.hardlink_to(path)
        else:
            shutil.copyfile(path, target)
        return self._stored
