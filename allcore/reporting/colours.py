"""One colour for each class, the same in every figure, distinct for colour-blind readers; and what tells those apart
that share one, as the palette has eight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from allcore.data.class_names import in_order

_OKABE_ITO = ("#009E73", "#E69F00", "#0072B2", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""The palette of Okabe and Ito (2008), without black."""

_SHADES = ((0, 0.5), (255, 0.5))
"""Half the way to black, and to white."""

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
    """Return colours for `count` things that are not classes (runs, sizes): beyond eight, darker, then lighter ones."""
    order = (2, 5, 0, 3, 1, 4, 7, 6)
    rounds = [_OKABE_ITO, *([_shade(colour, *toward) for colour in _OKABE_ITO] for toward in _SHADES)]
    places = (divmod(number, len(order)) for number in range(count))
    return [rounds[again % len(rounds)][order[number]] for again, number in places]


def _shade(colour: str, goal: int, part: float) -> str:
    """Return a hexadecimal colour moved by a part of the way towards a grey value."""
    values = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(value + part * (goal - value)):02X}" for value in values)


def marks(colours: Iterable[str], of: Sequence[_Mark]) -> list[_Mark]:
    """Return for each colour a mark `of` a sequence, `DASHES` say: another one whenever the colour comes again."""
    found: list[_Mark] = []
    seen: Counter[str] = Counter()
    for colour in colours:
        found.append(of[seen[colour] % len(of)])
        seen[colour] += 1
    return found
