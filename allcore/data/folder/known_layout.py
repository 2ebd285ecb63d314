"""Layouts of folders as they were found before, while no folder that was looked into for them has changed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from allcore.data.folder.layout import Layout, find_layout
from allcore.data.folder.links import bounds_of
from allcore.data.folder.listing import listed_folders
from allcore.errors import DatasetError

_MOST: Final = 1_000
"""Folders of which it is kept what was found."""
_SETTLED_NS: Final = 1_000_000_000
"""Nanoseconds for which a folder must have been unchanged: two changes of one moment have the same time."""


@dataclass(frozen=True)
class _Found:
    """What was found: a layout, or why there is none; the time of change of each folder that was looked into."""

    found: Layout | str
    bounds: tuple[Path, ...]
    changed: dict[Path, int]


_KNOWN: dict[Path, _Found] = {}


def known_layout(folder: Path) -> Layout:
    """Return what `find_layout` does, and raise what it does, without a look at what is known and has not changed."""
    bounds = bounds_of(folder)
    known = _KNOWN.get(folder)
    if known is None or known.bounds != bounds or known.changed != _changed(known.changed):
        known = _find(folder, bounds)
    if isinstance(known.found, str):
        raise DatasetError(known.found)
    return known.found


def _find(folder: Path, bounds: tuple[Path, ...]) -> _Found:
    began = time.time_ns()
    found: Layout | str
    with listed_folders() as listed:
        try:
            found = find_layout(folder)
        except DatasetError as error:
            found = str(error)
    known = _Found(found, bounds, _changed(listed))
    if listed and max(known.changed.values()) < began - _SETTLED_NS:
        if len(_KNOWN) >= _MOST:
            _KNOWN.clear()
        _KNOWN[folder] = known
    return known


def _changed(folders: dict[Path, int] | set[Path]) -> dict[Path, int]:
    """Return when each folder was last changed, in nanoseconds; 0 when it is not there."""
    found = {}
    for folder in folders:
        try:
            found[folder] = folder.stat().st_mtime_ns
        except OSError:
            found[folder] = 0
    return found
