"""Names of classes as folders have them: which are the same, and in which order they stand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from allcore.text import well_formed


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
