"""What an import left out of a dataset, kept beside it, so that nothing is lost unseen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from allcore.data.importing.dataset_note import has_note
from allcore.errors import FileError
from allcore.files import is_file
from allcore.json_text import read_json
from allcore.text import well_formed

_NOTE: Final = ".left-out.json"
"""Hidden, so that it is no part of the dataset itself."""
_LARGEST: Final = 64 * 2**20


def note_left_out(dataset: Path, files: Mapping[str, str]) -> None:
    """Write down which files the import of a dataset left out, each with why."""
    if files:
        named = told_apart((well_formed(name), why) for name, why in files.items())
        (dataset / _NOTE).write_text(json.dumps(named, indent=1, ensure_ascii=False), encoding="utf-8")


def left_out(folder: Path) -> dict[str, str]:
    """Return the files that the import of a dataset left out, each with why; none where nothing is written down.

    The folder may lie within the dataset, as a variant does, or the folder that wraps all of a zip.
    """
    here = folder.resolve()
    note = next((place for place in (here, *here.parents) if _was_imported(place)), here) / _NOTE
    try:
        noted = read_json(note, _LARGEST)
    except FileError:
        return {}
    return {str(name): str(why) for name, why in noted.items()} if isinstance(noted, dict) else {}


def told_apart(files: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return files by name, each with why; where names are alike, the second has ` (2)` after it, and so on.

    Names are alike where bytes in them that are not UTF-8 were replaced.
    """
    found: dict[str, str] = {}
    others: Counter[str] = Counter()
    for name, why in files:
        free = name
        while free in found:
            others[name] += 1
            free = f"{name} ({others[name] + 1})"
        found[free] = why
    return found


def _was_imported(folder: Path) -> bool:
    return has_note(folder) or is_file(folder / _NOTE)
