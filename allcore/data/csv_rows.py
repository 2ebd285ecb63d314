"""Tables that anybody may have written, as CSV: read within bounds, a row a line, in whichever dialect."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from typing import Final

from allcore.errors import FileError

MOST_BYTES: Final = 16 * 2**20
_MOST_ROWS: Final = 500_000
_LONGEST_LINE: Final = 10_000
_MOST_FIELDS: Final = 100
_SEPARATORS: Final = (",", ";", "\t")
_ENCODINGS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def table_rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the fields of each line that is not empty.

    Fields are separated by commas, semicolons or tabs; the text is UTF-8, or UTF-16 with a byte order mark. One line is
    looked at at a time: the time that this takes grows with the length of the text and no faster. Raises `FileError`,
    which tells nothing of what the file holds.
    """
    if len(data) > MOST_BYTES:
        raise FileError(f"it has {len(data) / 2**20:,.0f} MiB; expected at most {MOST_BYTES // 2**20}")
    lines = (
        _text(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    )  # splitlines has more, which names may hold
    if len(lines) > _MOST_ROWS:
        raise FileError(f"it has {len(lines):,} lines; expected at most {_MOST_ROWS:,}")
    separator = ""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(line) > _LONGEST_LINE:
            raise FileError(f"line {number} has {len(line):,} characters; expected at most {_LONGEST_LINE:,}")
        separator = separator or max(_SEPARATORS, key=line.count)
        try:
            (fields,) = csv.reader([line], delimiter=separator, strict=True)
        except (csv.Error, ValueError):
            raise FileError(
                f"line {number} cannot be divided into fields: a quotation mark is open, or stands within a field"
            ) from None
        if len(fields) > _MOST_FIELDS:
            raise FileError(f"line {number} has {len(fields):,} fields; expected at most {_MOST_FIELDS}")
        yield number, fields


def _text(data: bytes) -> str:
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise FileError("it is not UTF-8 text; save it as CSV in UTF-8") from None
    if "\0" in text:
        raise FileError("it holds null characters, so it is no text; save it as CSV in UTF-8")
    return text
