"""The list of runs, a row each. What nothing but a run's files can change is read once, and then known by their times.

A list of a thousand runs that wait takes a fraction of a second so: neither their files are read nor what reads them
is imported.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import NoneType
from typing import Any, Final, NamedTuple

from allcore.files import Stamp, stamp
from allcore.runs.folder.files import CONFIG_FILE, LAUNCHES_FOLDER, METRICS_FILE, STATUS_FILE, run_names
from allcore.runs.summary_columns import SUMMARY_COLUMNS, holds_words
from allcore.workspace import Workspace

_WATCHED: Final = ("", STATUS_FILE, CONFIG_FILE, LAUNCHES_FOLDER, METRICS_FILE)
_WORK: Final = 4
"""Raised whenever rows would say something else of the same files."""
_SETTLED_NS: Final = 2_000_000_000
"""How much older than a list the files that it tells of must be: some disks tell times in steps of two seconds."""
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,),
    "Int64": (int, NoneType),
    "Float64": (float, int, NoneType),
}
_KINDS: Final = tuple(_TYPES[kind] for kind in SUMMARY_COLUMNS.values())


class ListedRun(NamedTuple):
    """A run of the list: its row, with the columns of `SUMMARY_COLUMNS`, whether it is hidden, and the text of it."""

    row: dict[str, Any]
    hidden: bool
    text: str

    def says(self, words: str) -> bool:
        """Return whether its text holds every one of some words."""
        return holds_words(self.text, words)

    @property
    def tags(self) -> list[str]:
        """What the run is tagged with."""
        return self.row["tags"].split(", ")


_AtRest = dict[str, tuple[tuple[Stamp, ...], ListedRun]]
"""The runs that only their files can change, by their names, with the stamps of those files."""


def stamps(folder: str, datasets: Stamp) -> tuple[Stamp, ...]:
    """Return what changes with whatever a run's summary says: of the workspace's datasets, the folder, and its files.

    The last one is that of its metrics.
    """
    return (datasets, *(stamp(f"{folder}/{name}") for name in _WATCHED))


def list_runs(workspace: Workspace) -> list[ListedRun]:
    """Return the runs of a workspace, newest first; a damaged one has a row that says why."""
    file, datasets = workspace.cache / "runs" / "list.json", stamp(workspace.datasets)
    listed: list[ListedRun] = []
    at_rest: _AtRest = {}
    runs = str(workspace.runs)
    with _nothing_collected():
        known = _read(file)
        for name in run_names(workspace.runs):
            now = stamps(f"{runs}/{name}", datasets)
            before = known.get(name)
            if before is not None and before[0] == now:
                found, rests = before[1], True
            else:
                found, rests = _look_at(workspace.runs / name)
            listed.append(found)
            if rests:
                at_rest[name] = (now, found)
        if at_rest != known:
            _write(file, at_rest)
    return listed


def _look_at(folder: Path) -> tuple[ListedRun, bool]:
    """Return what a run's files say now, and whether they alone can change that, for whoever looks from any machine.

    Damage may be repaired in place.
    """
    from allcore.runs.folder.status import is_only_silent
    from allcore.runs.folder.store import Run
    from allcore.runs.summary import summarize, summary_rows

    summary = summarize(Run(folder))
    listed = ListedRun(summary_rows([summary])[0], summary.about.hidden, summary.text)
    if summary.status is None or is_only_silent(folder, summary.status):
        return listed, False
    return listed, summary.is_at_rest


def _read(file: Path) -> _AtRest:
    """Return what the list of before tells that can be relied on; nothing where it is damaged or of another version."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        told = json.loads(file.read_bytes())
        if told["work"] == _WORK:
            settled = file.stat().st_mtime_ns - _SETTLED_NS
            entries = ((name, _entry(fields, settled)) for name, fields in told["runs"].items())
            return {name: entry for name, entry in entries if entry is not None}
    return {}


def _entry(fields: list[Any], settled: int) -> tuple[tuple[Stamp, ...], ListedRun] | None:
    """Return a run of the list of before; None where a file of it is so new that it may have changed since unseen."""
    times, values, hidden, text = fields
    typed = all(isinstance(value, kind) for value, kind in zip(values, _KINDS, strict=True))
    if not typed or not isinstance(hidden, bool) or not isinstance(text, str):
        return None
    if max(time for time, _ in times) > settled:
        return None
    row = dict(zip(SUMMARY_COLUMNS, values, strict=True))
    return tuple((time, size) for time, size in times), ListedRun(row, hidden, text)


def _write(file: Path, at_rest: _AtRest) -> None:
    from allcore.result_cache import cache_text

    runs = {
        name: (times, list(listed.row.values()), listed.hidden, listed.text)
        for name, (times, listed) in at_rest.items()
    }
    with suppress(UnicodeEncodeError):  # a name that is no text
        cache_text(file, json.dumps({"work": _WORK, "runs": runs}))


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
