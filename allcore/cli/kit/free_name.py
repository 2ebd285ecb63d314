"""Names for files that a command writes beside each other, so that none takes the place of another."""

from __future__ import annotations

import unicodedata


def free_name(name: str, taken: dict[str, int]) -> str:
    """Return `name`, numbered where it is taken, and take it; `taken` is empty at first and of one folder.

    Names that differ in case alone, or in how an accent is written, are one: they are on disks of macOS.
    """
    known, free = _as_disks_know(name), name
    while _as_disks_know(free) in taken:
        taken[known] += 1  # the last number that was tried
        free = f"{name}-{taken[known]}"
    taken[_as_disks_know(free)] = 1
    return free


def _as_disks_know(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
