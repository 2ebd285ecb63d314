"""JSON that anybody may have written: plain values within bounds, or refused; and how a refusal is worded."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from allcore.errors import FileError
from allcore.files import Place, read_file

if TYPE_CHECKING:
    from pydantic import ValidationError

DEEPEST: Final = 20
LARGEST_INTEGER: Final = 2**63 - 1


def read_json(path: Place, most_bytes: int) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value in a JSON file as `parse_json` does. Raises `FileError`, also where it cannot be read."""
    return parse_json(read_file(path, most_bytes))


def parse_json(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value that UTF-8 JSON text holds; a number that is not finite (NaN, 1e400) becomes None.

    Raises `FileError` when it is no JSON, nested deeper than `DEEPEST`, or holds an integer that 64 bits do not or a
    text that no file's name and no page could (a null character, half of a surrogate pair).
    """
    try:
        value = _DECODER.decode(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise FileError("it is not JSON text") from None
    if b"\\u" in text or text.count(b"{") + text.count(b"[") > DEEPEST:  # as of few files; looking at all takes longer
        _check(value, 0)
    return value


def field_of(item: Mapping[str, Any]) -> str:
    """Return the path of the field that one of a `ValidationError`'s errors is about, "" where it is about none."""
    return ".".join(str(part) for part in item["loc"])


def fields_of(error: ValidationError) -> str:
    """Return the paths of the fields that do not hold, as a text."""
    return ", ".join(field_of(item) for item in error.errors())


def of_another_schema(what: str, schema: object, readable: int) -> str:
    """Return the refusal of a record whose schema this version does not read."""
    return f"{what} has schema {schema!r:.20}, this version reads {readable}; use the version that wrote it"


def _integer(digits: str) -> int:
    value = int(digits)
    if abs(value) > LARGEST_INTEGER:
        raise FileError("it holds an integer of more than 64 bits")
    return value


def _finite(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


_DECODER: Final = json.JSONDecoder(parse_int=_integer, parse_float=_finite, parse_constant=lambda _: None)


def _check(value: Any, depth: int) -> None:  # noqa: ANN401 - any JSON value
    """Raise `FileError` for a text that is none, and for a value that lies too deep."""
    if isinstance(value, str):
        if "\0" in value or (not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)):
            raise FileError("it holds a text that is none: with a null character, or half of a surrogate pair")
    elif isinstance(value, dict | list):
        if depth > DEEPEST:
            raise FileError(f"it is nested more than {DEEPEST} deep")
        if isinstance(value, dict):
            for name in value:
                _check(name, depth)
            value = value.values()
        for one in value:
            _check(one, depth + 1)
