"""One colour for each class, the same in every figure, distinct for colour-blind readers; and what tells those apart
that share one, as the palette has eight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from allcore.data.class_names import in_order

_OKABE_ITO = ("#009E73", "#E69F00", "#0072B2", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""The palette of Okabe and Ito (2008), without black."""

_ALL_CLASSES = ("Benign", "Early", "Pre", "Pro")

PAPER = "#7F7F7F"
BASELINE = "#A65628"

DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot")
"""Of lines; dotted ones stand for what is no result."""
SYMBOLS = ("circle", "square", "diamond", "cross", "x")
_Mark = TypeVar("_Mark")


def class_colours(classes: Sequence[str]) -> dict[str, str]:
    """Return a hexadecimal colour for each class; the four of the ALL images keep theirs in any company."""
    fixed = {name: _OKABE_ITO[number] for number, name in enumerate(_ALL_CLASSES)}
    free = [colour for colour in _OKABE_ITO if colour not in {fixed[name] for name in classes if name in fixed}]
    others = [name for name in in_order(classes) if name not in fixed]
    chosen = {name: free[number % len(free)] for number, name in enumerate(others)}
    return {name: fixed.get(name) or chosen[name] for name in classes}


def sequence_colours(count: int) -> list[str]:
    """Return colours for `count` things that are not classes (runs, sizes)."""
    order = (2, 5, 0, 3, 1, 4, 7, 6)
    return [_OKABE_ITO[order[number % len(order)]] for number in range(count)]


def marks(colours: Iterable[str], of: Sequence[_Mark]) -> list[_Mark]:
    """Return for each colour a mark `of` a sequence, `DASHES` say: another one whenever the colour comes again."""
    found: list[_Mark] = []
    seen: Counter[str] = Counter()
    for colour in colours:
        found.append(of[seen[colour] % len(of)])
        seen[colour] += 1
    return found
