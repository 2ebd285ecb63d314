"""The doors through which text from outside (names of classes, files and folders) leaves the program.

Such text stays as it is in data. Where it is shown or written, one of these functions makes it stand for itself and for
nothing else: no escape code, no markup, no formula. Whoever adds a page, a figure or a command passes it through one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

if TYPE_CHECKING:
    import pandas as pd

_UNSHOWABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, what reverses the order of its surroundings, and bytes that are not UTF-8 (PEP 383)."""
_JOINER: Final = "\N{WORD JOINER}"
"""Unseen; between two characters it keeps them from being read as one sign, and before a text from beginning it."""
_PAGE: Final = re.compile(r"([\\`*_{}\[\]()#+!|<>~$:^&-])")
_PAGE_SIGN: Final = re.compile(
    r"(?<!\S)[<>~-](?=(?:[->=]|->)(?!\S))"  # arrows and dashes that Streamlit draws
    r"|:(?=[\w/+-])"  # icons, emoji, colours, addresses
    r"|(?i:\bwww)(?=\.)|@(?=\w)"  # addresses that become links without asking
)
_FILE: Final = re.compile(r"([\\`*{}\[\]<>|~$&]|(?<![^\W_])_|_(?![^\W_])|^#)")
_NUMBERED: Final = re.compile(r"^(\s*\d+)([.)])(?=\s|$)")
"""What begins an entry of a list."""
_MOST_IN_FILE_NAME: Final = 200
_FORMULA: Final = re.compile(r"\s*[=+\-@]")
_NUMBER: Final = re.compile(r"[+-]?\d+([.,]\d+)?(e[+-]?\d+)?( ?%)?", re.IGNORECASE)


def printable(text: str) -> str:
    """Return text on one line, with U+FFFD for every character that cannot be shown or would act on a terminal."""
    if text.isascii() and text.isprintable():  # as nearly all that a long list says
        return text
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"[\n\r\t]+", " ", text.strip("\n\r")))


def for_page(text: str) -> str:
    """Return text such that Streamlit's Markdown (labels, captions, messages) shows it as it is."""
    signs = _PAGE_SIGN.sub(rf"\g<0>{_JOINER}", _isolated(text))
    spaced = re.sub(r"^ +| +$|  +", lambda spaces: "\N{NO-BREAK SPACE}" * len(spaces[0]), signs)
    held = f"{_JOINER}{spaced}" if spaced.startswith("\N{NO-BREAK SPACE}") else spaced
    ended = f"{held}{_JOINER}" if held.endswith("\N{NO-BREAK SPACE}") else held
    return _NUMBERED.sub(r"\1\\\2", _PAGE.sub(r"\\\1", ended))


def for_markdown(text: str) -> str:
    """Return text such that a Markdown file shows it as it is, and can still be read without being rendered."""
    return _FILE.sub(r"\\\1", printable(text))


def for_html(text: str) -> str:
    """Return text such that an HTML file shows it as it is, in an element or in an attribute."""
    return escape(_isolated(text))


def for_figure(text: str) -> str:
    """Return text such that Plotly shows it as it is: no tag, no entity, no formula, no place of a hover template."""
    entities = escape(_isolated(text), quote=False)
    return entities.replace("$", "&#36;").replace("%{", "&#37;{")


def for_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table for the screen, from where it may be copied or saved: its texts printable, and no formulas."""
    return _each_text(frame, lambda text: f"{_JOINER}{text}" if _is_formula(text) else text)


def for_csv(frame: pd.DataFrame) -> str:
    """Return a table as CSV text; a cell that a spreadsheet would compute has an apostrophe before it."""

    def guard(text: str) -> str:
        return f"'{text}" if _is_formula(text) else text

    headed = frame.set_axis([guard(printable(str(name))) for name in frame.columns], axis=1)
    csv: str = _each_text(headed, guard).to_csv(index=False)
    return csv


def from_csv(text: str) -> str:
    """Return the text of a cell as it was before `for_csv` put an apostrophe before it."""
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def for_file(text: str) -> str:
    """Return text as a part of a file's name that every system takes, cut in its middle to 200 bytes."""
    name = re.sub(r'[/\\:*?"<>|]', "_", printable(text)).strip(". ") or "_"
    columns = cell_len(name)
    while len(shorten(name, columns).encode()) > _MOST_IN_FILE_NAME:
        columns -= 1
    return shorten(name, columns)


def well_formed(text: str) -> str:
    """Return text with U+FFFD for bytes that are not UTF-8, so that every program can read it."""
    return text if text.isascii() else re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


def counted(count: int, thing: str, things: str | None = None) -> str:
    """Return `1 image` or `2 images`."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def shorten(text: str, most: int) -> str:
    """Return text of at most `most` columns of a terminal (CJK characters take two), '…' in its middle where cut."""
    if cell_len(text) <= most:
        return text
    head, tail = (most - 1) - (most - 1) // 2, (most - 1) // 2
    first, last = 0, len(text)
    while first < last and cell_len(text[: first + 1]) <= head:
        first += 1
    while last > first and cell_len(text[last - 1 :]) <= tail:
        last -= 1
    return f"{text[:first].rstrip()}…{text[last:].lstrip()}"


def short_names(names: Sequence[str], most: int) -> list[str]:
    """Return names shortened to `most` columns; those that would look alike end in their place, from 1."""
    short = [shorten(printable(name), most) for name in names]
    alike = Counter(short)

    def marked(name: str, place: int) -> str:
        mark = f" ({place})"
        return f"{shorten(printable(name), most - len(mark))}{mark}"

    return [
        marked(name, place) if alike[one] > 1 and one != name else one
        for place, (name, one) in enumerate(zip(names, short, strict=True), start=1)
    ]


def _isolated(text: str) -> str:
    """Return printable text; where some of it runs from right to left, so that it keeps its neighbours in order."""
    shown = printable(text)
    if any(unicodedata.bidirectional(character) in ("R", "AL") for character in shown):
        return f"\N{FIRST STRONG ISOLATE}{shown}\N{POP DIRECTIONAL ISOLATE}"
    return shown


def _is_formula(text: str) -> bool:
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)


def _each_text(frame: pd.DataFrame, guard: Callable[[str], str]) -> pd.DataFrame:
    """Return the table with every text in its cells printable and guarded; its headings are left as they are."""

    def guarded(cell: object) -> object:
        return guard(printable(cell)) if isinstance(cell, str) else cell

    texts = {name for name, kind in frame.dtypes.items() if kind in ("str", "object")}
    return frame.assign(**{str(name): frame[name].map(guarded) for name in texts}) if texts else frame
