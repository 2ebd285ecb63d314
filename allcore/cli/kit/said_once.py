"""Options that say something of a class and may be repeated: of each class once, also where names hold `=`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

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


def both_sides(
    option: str, expected: str, text: str, known: Callable[[str, str], bool], otherwise: Literal["first", "last"]
) -> tuple[str, str]:
    """Return what stands on both sides of the `=` of `text`; of several, of the one at which both are `known`.

    Where none is, it is the first or the last. Raises `InputError` where there is no `=`, or several will do.
    """
    parts = text.split("=")
    readings = [("=".join(parts[:at]).strip(), "=".join(parts[at:]).strip()) for at in range(1, len(parts))]
    if not readings:
        raise InputError(f"{option}: expected {expected} (received {text!r})")
    found = [reading for reading in readings if known(*reading)] if len(readings) > 1 else readings
    if len(found) > 1:
        said = " or ".join(f"{one!r} = {other!r}" for one, other in found)
        raise InputError(
            f"{option}: expected {expected} that can be read in one way, but this is {said} (received {text!r}); give "
            "one of these classes another name"
        )
    return found[0] if found else readings[0 if otherwise == "first" else -1]
