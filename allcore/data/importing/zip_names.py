"""What the names in a zip archive are, where the archive does not say how they are encoded.

A name is UTF-8 where its member is marked so (APPNOTE 4.4.4, bit 11). Others are what the writing system used: UTF-8
for macOS, the code page of the country for Windows. UTF-8 gives itself away; of code pages, Western European (437,
which agrees with 850 in its letters) and Japanese (932, Shift-JIS) are told apart; what fits neither or both is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from zipfile import ZipInfo

_MARKED: Final = 0x800
_WESTERN: Final = frozenset("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜáíóúñÑß")
"""The letters that code pages 437 and 850 have at the same places."""


def recover_names(members: Sequence[ZipInfo]) -> str | None:
    """Give members that are not marked as UTF-8 the names that were meant, all by the same code page.

    Returns a name whose encoding cannot be told, or None where all are right.
    """
    unmarked = [member for member in members if not member.flag_bits & _MARKED and not member.filename.isascii()]
    names = [member.orig_filename.encode("cp437") for member in unmarked]  # zipfile's reading, undone
    if not names:
        return None
    fitting = [found for found in (_all(names, "utf-8"), _western(names), _japanese(names)) if found is not None]
    if len(fitting) != 1 and _all(names, "utf-8") is None:
        return names[0].decode("ascii", "replace")
    for member, name in zip(unmarked, fitting[0], strict=True):
        member.filename = name.split("\0")[0]
    return None


def _all(names: Sequence[bytes], encoding: str) -> list[str] | None:
    try:
        return [name.decode(encoding) for name in names]
    except UnicodeDecodeError:
        return None


def _western(names: Sequence[bytes]) -> list[str] | None:
    """Return the names where each word has letters with accents, but more without."""
    found = _all(names, "cp437")
    if found is None:
        return None
    words = [word for name in found for word in re.findall(r"[^\W\d_]+", name) if not word.isascii()]
    letters = {character for name in found for character in name if not character.isascii()}
    plain = all(2 * sum(map(str.isascii, word)) >= len(word) for word in words)
    return found if letters <= _WESTERN and plain else None


def _japanese(names: Sequence[bytes]) -> list[str] | None:
    """Return the names where what is not ASCII is kana and kanji, none of it amid small Latin letters."""
    found = _all(names, "cp932")
    if found is None:
        return None
    letters = {character for name in found for character in name if not character.isascii()}
    amid = any(re.search(r"[a-z][^\x00-\x7f]+[a-z]|[^\x00-\x7f][a-z]", name) for name in found)
    return found if all(map(_is_japanese, letters)) and not amid else None


def _is_japanese(character: str) -> bool:
    name = unicodedata.name(character, "")
    return name.startswith(
        ("HIRAGANA", "KATAKANA", "CJK UNIFIED", "KATAKANA-HIRAGANA", "IDEOGRAPHIC", "FULLWIDTH DIGIT")
    )
