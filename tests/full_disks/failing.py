"""A disk that refuses every writer once: which those are shows while it runs, so a new one is covered unasked."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from allcore.installation import PROJECT

CORE = str(PROJECT / "allcore") + os.sep
DOORS = (f"{CORE}writing.py", f"{CORE}result_cache.py")
"""Through which everything is written: it is their callers that are the writers."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


class FailingDisk:
    """Refuses what is asked of names and files below `root` with an error number: each operation of each writer once.

    `refused` are the operations by their writers, in order: module, function and what was to be done. While it fails
    `at` a step, it refuses that operation alone, counted from 1, whoever asks.
    """

    def __init__(self, root: Path, error: int) -> None:
        self.refused: list[str] = []
        self.root = root
        self._error = error
        self._on = False
        self._left: int | None = None
        self._lock = threading.Lock()
        sys.addaudithook(self._audit)  # it stays for as long as the process

    @contextmanager
    def failing(self, at: int | None = None) -> Iterator[None]:
        """Refuse while the block runs."""
        self._left = at
        really = {name: getattr(os, name) for name in ("fsync", "replace", "rename", "mkdir")}

        def refusing(name: str) -> Callable[..., Any]:
            def operation(first: Any, *arguments: Any, **options: Any) -> Any:
                path = Path(f"/proc/self/fd/{first}").readlink() if name == "fsync" else first
                self._refuse(name, path)
                return really[name](first, *arguments, **options)

            return operation

        for name in really:
            setattr(os, name, refusing(name))
        self._on = True
        try:
            yield
        finally:
            self._on = False
            for name, function in really.items():
                setattr(os, name, function)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._on and event == "open" and isinstance(arguments[0], str | os.PathLike) and arguments[2] & WRITING:
            self._refuse("open", arguments[0])

    def _refuse(self, operation: str, path: str | os.PathLike[str]) -> None:
        if not os.fspath(path).startswith(str(self.root)):
            return
        writer = _writer(sys._getframe(1))
        with self._lock:
            if writer is None or not self._is_due(f"{writer} {operation}"):
                return
            self.refused.append(f"{writer} {operation}")
        raise OSError(self._error, os.strerror(self._error), os.fspath(path))

    def _is_due(self, asked: str) -> bool:
        if self._left is None:
            return asked not in self.refused
        self._left -= 1
        return self._left == 0


def _writer(frame: FrameType | None) -> str | None:
    """Return the innermost function of the core that is no door; None where another library writes by itself."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(CORE) and file not in DOORS:
            return f"{file.removeprefix(CORE)} {frame.f_code.co_name}"
        frame = frame.f_back
    return None
