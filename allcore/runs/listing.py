"""The list of runs, a summary each. What only a run's files can change is read once, and then known by their times.

A list of a thousand runs that wait takes a fraction of a second so: neither their files are read nor what reads them
is imported.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from allcore.files import Stamp, stamp
from allcore.runs.folder.files import (
    ABOUT_FILE,
    CONFIG_FILE,
    LAUNCHES_FOLDER,
    METRICS_FILE,
    PREDICTIONS_FILE,
    STATUS_FILE,
    run_names,
)
from allcore.runs.summary import RunSummary
from allcore.workspace import Workspace

_WATCHED: Final = ("", STATUS_FILE, CONFIG_FILE, LAUNCHES_FOLDER, ABOUT_FILE, PREDICTIONS_FILE, METRICS_FILE)
_WORK: Final = 5
"""Raised whenever summaries would say something else of the same files."""
_SETTLED_NS: Final = 2_000_000_000
"""How much older than a list the files that it tells of must be: some disks tell times in steps of two seconds."""

AtRest = dict[str, tuple[tuple[Stamp, ...], RunSummary]]
"""The runs that only their files can change, by their names, with the stamps of those files."""


def stamps(folder: str, datasets: Stamp) -> tuple[Stamp, ...]:
    """Return what changes with whatever a run's summary says: of the workspace's datasets, the folder, and its files.

    The last one is that of its metrics.
    """
    return (datasets, *(stamp(f"{folder}/{name}") for name in _WATCHED))


def list_runs(workspace: Workspace) -> list[RunSummary]:
    """Return the runs of a workspace, newest first; a damaged one has a summary that says why."""
    return _list(workspace)[0]


def runs_at_rest(workspace: Workspace) -> AtRest:
    """Return those of the runs of a workspace that stay as they are until their files change."""
    return _list(workspace)[1]


def _list(workspace: Workspace) -> tuple[list[RunSummary], AtRest]:
    """Look at all runs, and leave a list of those at rest for whoever looks next."""
    file, datasets = workspace.cache / "runs" / "list.json", stamp(workspace.datasets)
    listed: list[RunSummary] = []
    at_rest: AtRest = {}
    runs = str(workspace.runs)
    with _nothing_collected():
        known = _read(file)
        for name in run_names(workspace.runs):
            now = stamps(f"{runs}/{name}", datasets)
            before = known.get(name)
            found = before[1] if before is not None and before[0] == now else _look_at(workspace.runs / name)
            listed.append(found)
            if found.is_at_rest:
                at_rest[name] = (now, found)
        if at_rest != known:
            _write(file, at_rest)
    return listed, at_rest


def _look_at(folder: Path) -> RunSummary:
    from allcore.runs.folder.store import Run
    from allcore.runs.summarize import summarize

    return summarize(Run(folder))


def _read(file: Path) -> AtRest:
    """Return what the list of before tells that can be relied on; nothing where it is damaged or of another version."""
    with suppress(OSError, ValueError, RecursionError):
        digest, text = file.read_bytes().split(b"\n", 1)
        if digest == _digest(text) and (told := json.loads(text))["work"] == [_WORK, *RunSummary._fields]:
            settled = file.stat().st_mtime_ns - _SETTLED_NS
            return {
                name: (tuple((time, size) for time, size in times), _summary(values))
                for name, (times, values) in told["runs"].items()
                if max(time for time, _ in times) <= settled  # what is newer may have changed since unseen
            }
    return {}


def _summary(values: list[Any]) -> RunSummary:
    return RunSummary._make(tuple(value) if isinstance(value, list) else value for value in values)


def _write(file: Path, at_rest: AtRest) -> None:
    from allcore.result_cache import cache_text

    text = json.dumps({"work": [_WORK, *RunSummary._fields], "runs": at_rest})
    cache_text(file, f"{_digest(text.encode()).decode()}\n{text}")


def _digest(text: bytes) -> bytes:
    """Return what the first line of a list must say for the rest to be relied on."""
    return hashlib.sha256(text).hexdigest().encode()


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Look for no garbage meanwhile: nothing of a list can go before its end, and looking takes a tenth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
