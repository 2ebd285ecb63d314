"""Which images belong together: tables that say so, of one patient or another group, and several groupings as one."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from allcore.arrays import IntArray
from allcore.data.csv_rows import MOST_BYTES, table_rows
from allcore.errors import DatasetError, FileError
from allcore.files import read_file

_GROUP_NAMES: Final = ("group", "patient")


def read_groups(path: Path) -> dict[str, str]:
    """Read a table with a column file and a column group or patient, leaving out files without one.

    Columns are separated by commas, semicolons or tabs, their names may be in capitals; the text is UTF-8, or UTF-16
    with a byte order mark, a row a line. Raises `DatasetError`, which tells nothing of what the file holds, when it is
    no such table, has both columns, is too large, or puts a file into two groups.
    """
    try:
        return _groups(table_rows(read_file(path, MOST_BYTES)))
    except FileError as error:
        raise DatasetError(f"table of groups {path} cannot be used: {error}") from None


def groups_of(paths: Sequence[str], given: Mapping[str, str]) -> list[str]:
    """Return the group of each image by what a table names files, '' of an image that it lacks.

    A path goes before a file's name, and the very text before one that differs as `_as_written` says. What fits
    several images is no image's.
    """
    names = [path.rsplit("/", 1)[-1] for path in paths]
    alike: dict[str, str] = {}
    for name, group in given.items():
        if alike.setdefault(key := _as_written(name), group) != group:
            alike[key] = ""
    found = [""] * len(paths)
    for texts, groups in (
        (paths, given),
        ([_as_written(path) for path in paths], alike),
        (names, given),
        ([_as_written(name) for name in names], alike),
    ):
        fitting = Counter(texts)
        found = [
            group or (groups.get(text, "") if fitting[text] == 1 else "")
            for group, text in zip(found, texts, strict=True)
        ]
    return found


def _as_written(name: str) -> str:
    """Return what the same file's name has in common as spreadsheets, Windows and macOS write it."""
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/").removeprefix("./"))


def connected_rows(*groupings: npt.ArrayLike) -> IntArray:
    """Number N rows from 0 such that rows which any of the groupings (N,) connects, or several do, share one."""
    from scipy.sparse import coo_array  # most commands can do without
    from scipy.sparse.csgraph import connected_components

    firsts = []
    for grouping in groupings:
        number = pd.factorize(np.asarray(grouping, object))[0]
        firsts.append(np.unique(number, return_index=True)[1][number])
    n = len(firsts[0])
    rows = np.tile(np.arange(n), len(firsts))
    graph = coo_array((np.ones(len(rows)), (rows, np.concatenate(firsts))), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _groups(rows: Iterator[tuple[int, list[str]]]) -> dict[str, str]:
    _, header = next(rows, (0, []))
    names = [name.strip().casefold() for name in header]
    if set(_GROUP_NAMES) <= set(names):  # a batch or a study's arm, say: patients would be divided by it
        raise FileError(
            "it has a column group and a column patient; expected one of them, by which images stay together: leave "
            "the other one out, or rename it"
        )
    kind = next((name for name in _GROUP_NAMES if name in names), None)
    if names.count("file") != 1 or kind is None or names.count(kind) != 1:
        raise FileError(
            f"its first line names {len(names)} columns, not one called file and one called group (or patient); "
            "expected those two names, separated by commas, semicolons or tabs"
        )
    file_column, group_column = names.index("file"), names.index(kind)
    found: dict[str, str] = {}
    for number, fields in rows:
        if len(fields) > len(names):
            raise FileError(f"line {number} has {len(fields)} fields; expected {len(names)}, as in the first line")
        if max(file_column, group_column) >= len(fields) or not (group := fields[group_column].strip()):
            continue
        if found.setdefault(fields[file_column], group) != group:
            raise FileError(f"line {number} puts a file into another {kind} than a line before; expected one of them")
    return found
