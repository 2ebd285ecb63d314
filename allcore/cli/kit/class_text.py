"""Classes in tables on a terminal, however many they are and whatever they are called."""

from __future__ import annotations

from collections.abc import Sequence

from allcore.cli.kit.output import say, table
from allcore.text import counted, short_names

_MOST_COLUMNS = 12
_MOST_PAIRS = 20
_LONGEST_HEADING = 20


def class_columns(classes: Sequence[str]) -> list[str]:
    """Return headings for a column of numbers a class, long names shortened; none where a line cannot hold them all."""
    if len(classes) > _MOST_COLUMNS:
        return []
    return [f"#{name}" for name in short_names(classes, _LONGEST_HEADING)]


def print_matrix(classes: Sequence[str], matrix: Sequence[Sequence[int]]) -> None:
    """Print a confusion matrix (rows: true classes), or where a line cannot hold it the pairs most often confused."""
    if headings := class_columns(classes):
        table(["true \\ predicted", *headings], [(name, *counts) for name, counts in zip(classes, matrix, strict=True)])
        return
    confused = [
        (name, other, count)
        for name, counts in zip(classes, matrix, strict=True)
        for other, count in zip(classes, counts, strict=True)
        if other != name and count
    ]
    confused.sort(key=lambda row: -row[2])
    table(["true", "predicted as", "#images"], confused[:_MOST_PAIRS])
    if len(confused) > _MOST_PAIRS:
        more = counted(len(confused) - _MOST_PAIRS, "more pair of classes", "more pairs of classes")
        say(f"and {more}; --json has the whole confusion matrix")
