"""Folders whose names say which part of a predefined split they hold: train, val, test and their other spellings."""

import re
from typing import Final

PARTS: Final = ("train", "validation", "test")
_PART_OF_WORD: Final = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "tuning"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "heldout"), "test"),
}
_ENDINGS: Final = ("sets", "set", "data", "images", "imgs", "split")
_PIECE: Final = re.compile(r".*(fold|split|part|batch|chunk|shard|subset)s?[\s_.-]*\d+", re.IGNORECASE)


def part_named(folder_name: str) -> str:
    """Return the part that a folder's name stands for (`Training_Set`: train); '' where it names none or several."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", folder_name)
    parts = {_PART_OF_WORD.get(_without_ending(word.lower()), "") for word in words} - {""}
    return parts.pop() if len(parts) == 1 else ""


def is_piece(folder_name: str) -> bool:
    """Tell whether a folder's name is that of a numbered piece of a dataset, as `fold_0` and `batch 2` are."""
    return _PIECE.fullmatch(folder_name) is not None


def _without_ending(word: str) -> str:
    ending = next((ending for ending in _ENDINGS if word.endswith(ending)), "")
    return word.removesuffix(ending) or word
