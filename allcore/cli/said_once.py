"""Options that say something of a class and may be repeated: of each class once."""

from __future__ import annotations

from collections.abc import Iterable

from allcore.data.class_names import class_name
from allcore.errors import InputError


def said_once(option: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what an option says of each class. Raises `InputError` where it says something of one again."""
    said: dict[str, str] = {}
    for name, text in pairs:
        if class_name(name) in said:
            raise InputError(f"{option}: expected each class once (received {name!r} again: {text!r})")
        said[class_name(name)] = text
    return said
