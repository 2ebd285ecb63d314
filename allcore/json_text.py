"""JSON that anybody may have written: plain values within bounds, or refused."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Final

from allcore.errors import FileError
from allcore.files import read_file

DEEPEST: Final = 20
LARGEST_INTEGER: Final = 2**63 - 1
_LOOKED_AT: Final = re.compile(rb"\\u|NaN|Infinity|\d{19}|[eE]\+?\d{3}")
"""What every text has that holds a value to be changed or refused: escapes, NaN, Infinity, large numbers."""


def read_json(path: Path, most_bytes: int) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value in a JSON file as `parse_json` does. Raises `FileError`, also where it cannot be read."""
    return parse_json(read_file(path, most_bytes))


def parse_json(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value that UTF-8 JSON text holds; a number that is not finite (NaN, 1e400) becomes None.

    Raises `FileError` when it is no JSON, nested deeper than `DEEPEST`, or holds an integer that 64 bits do not or a
    text that no file's name and no page could (a null character, half of a surrogate pair).
    """
    try:
        value = json.loads(text.decode("utf-8"))
        plain = text.count(b"{") + text.count(b"[") <= DEEPEST and not _LOOKED_AT.search(text)
        return value if plain else _plain(value, 0)
    except (ValueError, RecursionError):
        raise FileError("it is not JSON text") from None


def _plain(value: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise FileError("it holds an integer of more than 64 bits")
    if depth > DEEPEST:
        raise FileError(f"it is nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        return {_text(name): _plain(of, depth + 1) for name, of in value.items()}
    if isinstance(value, list):
        return [_plain(of, depth + 1) for of in value]
    return value


def _text(value: str) -> str:
    if "\0" in value or (not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise FileError("it holds a text that is none: with a null character, or half of a surrogate pair")
    return value
