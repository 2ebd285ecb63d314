"""Tables that say which images belong together: of one patient, or of another group."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from allcore.errors import DatasetError, FileError
from allcore.files import read_file

MOST_BYTES: Final = 16 * 2**20
MOST_ROWS: Final = 500_000
LONGEST_LINE: Final = 10_000
MOST_FIELDS: Final = 100
_SEPARATORS: Final = (",", ";", "\t")
_GROUP_NAMES: Final = ("group", "patient")
_ENCODINGS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_groups(path: Path) -> dict[str, str]:
    """Read a table with a column file and a column group or patient, leaving out files without one.

    Columns are separated by commas, semicolons or tabs, their names may be in capitals; the text is UTF-8, or UTF-16
    with a byte order mark, a row a line. Raises `DatasetError`, which tells nothing of what the file holds, when it is
    no such table, is too large, or puts a file into two groups.
    """
    try:
        rows = _rows(_text(read_file(path, MOST_BYTES)))
        return _groups(rows)
    except FileError as error:
        raise DatasetError(f"table of groups {path} cannot be used: {error}") from None


def _text(data: bytes) -> str:
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise FileError("it is not UTF-8 text; save it as CSV in UTF-8") from None
    if "\0" in text:
        raise FileError("it holds null characters, so it is no text; save it as CSV in UTF-8")
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the fields of each line that is not empty. One line is looked at at a time: the time that
    this takes grows with the length of the text and no faster."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # splitlines has more, which names may hold
    if len(lines) > MOST_ROWS:
        raise FileError(f"it has {len(lines):,} lines; expected at most {MOST_ROWS:,}")
    separator = ""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(line) > LONGEST_LINE:
            raise FileError(f"line {number} has {len(line):,} characters; expected at most {LONGEST_LINE:,}")
        separator = separator or max(_SEPARATORS, key=line.count)
        try:
            (fields,) = csv.reader([line], delimiter=separator, strict=True)
        except (csv.Error, ValueError):
            raise FileError(
                f"line {number} cannot be divided into fields: a quotation mark is open, or stands within a field"
            ) from None
        if len(fields) > MOST_FIELDS:
            raise FileError(f"line {number} has {len(fields):,} fields; expected at most {MOST_FIELDS}")
        yield number, fields


def _groups(rows: Iterator[tuple[int, list[str]]]) -> dict[str, str]:
    _, header = next(rows, (0, []))
    names = [name.strip().casefold() for name in header]
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
