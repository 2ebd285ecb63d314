"""Axes and legends of classes: each class once, whatever it is called, its name shortened where it is long.

Plotly would read names such as '1' or '2020-01' as numbers or dates, take '<b>' for a tag, and give long names all the
room of the figure. Data and clicks keep the names as they are; what is written is theirs alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from allcore.text import for_figure, short_names

_LONGEST = 20
"""Columns to which names on an axis are shortened; the whole name is in the hover."""
_IN_LEGEND = 32
_COLUMN = 0.6
"""Width of a column, in font sizes."""
_ENTRIES = 8
"""Entries of a legend that need no room of their own."""
_ENTRY = 20
"""Pixels of a legend's line."""


def class_axis(
    classes: Sequence[str], font: int = 12, *, downwards: bool = False, most_names: int | None = None
) -> dict[str, object]:
    """Return the settings of an axis with a tick at every class's place; `downwards` puts the first at the top.

    Of more than `most_names` classes, every second, third, … is named.
    """
    ends = [-0.5, len(classes) - 0.5]
    step = 1 if most_names is None else -(-len(classes) // most_names)
    return {
        "type": "category", "categoryorder": "array", "categoryarray": list(classes),
        "tickmode": "array", "tickvals": list(classes)[::step], "tickfont": {"size": font},
        "ticktext": [for_figure(name) for name in short_names(classes, _LONGEST)][::step],
        "range": ends[::-1] if downwards else ends, "automargin": False, "fixedrange": True,
    }  # fmt: skip


def label_width(classes: Sequence[str], font: int = 12) -> int:
    """Return the pixels that the longest name takes on an axis."""
    return round(_COLUMN * font * max(map(cell_len, short_names(classes, _LONGEST)))) + 10


def legend_names(classes: Sequence[str]) -> dict[str, str]:
    """Return for each class its name in a legend."""
    return dict(zip(classes, map(for_figure, short_names(classes, _IN_LEGEND)), strict=True))


def legend_height(classes: Sequence[str]) -> int:
    """Return the pixels that a legend below a figure needs beyond the usual."""
    return _ENTRY * max(0, len(classes) - _ENTRIES)
