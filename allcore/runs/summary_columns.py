"""What a row of the list of runs says, and how words are looked for in the text of a run."""

from __future__ import annotations

from typing import Final

SUMMARY_COLUMNS: Final = {
    "run": "str", "name": "str", "tags": "str", "state": "str", "launched": "str",
    "epoch": "Int64", "epochs": "Int64", "image_size": "Int64", "split": "str",
    "study": "str", "dataset": "str", "test_accuracy": "Float64", "best_validation_accuracy": "Float64",
    "images_per_second": "Float64", "eta_seconds": "Float64", "bytes": "Int64", "note": "str", "person_note": "str",
}  # fmt: skip
"""What a row says, with the type of its column in a table; `note` is what went wrong, `person_note` a person's."""


def holds_words(text: str, words: str) -> bool:
    """Return whether a text holds every one of some words, in whatever case."""
    text = text.casefold()
    return all(word in text for word in words.casefold().split())
