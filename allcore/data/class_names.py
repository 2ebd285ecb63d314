"""Names of classes as folders have them: which are the same, in which order they stand, and their columns in tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from allcore.text import well_formed

_PROBABILITY: Final = "probability_"


def class_name(folder: str) -> str:
    """Return the class that a folder's name stands for.

    Letters are composed (NFC): macOS writes 'é' as 'e' and an accent, which looks the same and is the same class. Bytes
    that are not UTF-8 (old archives have such names) become U+FFFD.
    """
    return unicodedata.normalize("NFC", well_formed(folder))


def natural(name: str) -> str:
    """Return what sorts names as people do: numbers by their value, so that '2' comes before '10'."""

    def by_value(number: re.Match[str]) -> str:
        digits = number[0].lstrip("0")
        return f"{len(digits):03}{digits}"

    return f"{re.sub(r'[0-9]+', by_value, name)}\0{name}"


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct names in their natural order."""
    return tuple(sorted(set(names), key=natural))


def probability_columns(classes: Iterable[str]) -> list[str]:
    """Return the names of the columns that hold the probabilities of classes, wherever such a table is."""
    return [f"{_PROBABILITY}{name}" for name in classes]


def classes_of_columns(columns: Iterable[str]) -> list[str]:
    """Return the classes whose probabilities are among a table's columns, in their order there."""
    return [name.removeprefix(_PROBABILITY) for name in columns if name.startswith(_PROBABILITY)]
