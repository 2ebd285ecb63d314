"""What a report is made of, before it is HTML or Markdown: sections of paragraphs, tables, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Strong:
    """Words that matter more than their neighbours."""

    text: str


@dataclass(frozen=True)
class Mono:
    """A name from the software: a field, a file, a digest."""

    text: str


@dataclass(frozen=True)
class Link:
    """An address with the words that stand for it."""

    text: str
    url: str


Inline = str | Strong | Mono | Link


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    parts: tuple[Inline, ...]


@dataclass(frozen=True)
class Notice:
    """A paragraph that nobody should miss."""

    title: str
    text: str


@dataclass(frozen=True)
class Bullets:
    """A list; an entry is a run of inline parts."""

    entries: tuple[tuple[Inline, ...], ...]


@dataclass(frozen=True)
class Tile:
    """One number that a reader looks for first: what it is, the number, and what it has to be read with."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Tiles:
    """The numbers that a reader looks for first."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Table:
    """Rows of text under headings; '#' before a heading marks numbers, a line's end in a cell is kept.

    `marked` rows stand out.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: rows true, columns predicted, in counts."""

    caption: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Code:
    """Commands, to be copied."""

    text: str


@dataclass(frozen=True)
class Figure:
    """A drawing as SVG or HTML markup, made by `figures` alone, with its description; Markdown leaves it out."""

    caption: str
    markup: str


@dataclass(frozen=True)
class Pair:
    """Figures side by side where the page is wide enough."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Picture:
    """A JPEG with its caption, and its description for those who cannot see it."""

    jpeg: bytes
    width: int
    height: int
    caption: str
    alt: str


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side; Markdown leaves them out."""

    pictures: tuple[Picture, ...]


Block = Text | Notice | Bullets | Tiles | Table | Matrix | Code | Figure | Pair | Gallery


@dataclass(frozen=True)
class Section:
    """One part of a report: the items of the checklist that it answers, and those (with what is lacking) it cannot.

    An item in both is answered in part.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    answers: tuple[int, ...] = ()
    missing: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]


def text(*parts: Inline) -> Text:
    """Return a paragraph of these parts."""
    return Text(parts)


def bullets(*entries: Inline | Sequence[Inline]) -> Bullets:
    """Return a list; an entry is one part, or several."""
    return Bullets(tuple((entry,) if isinstance(entry, Inline) else tuple(entry) for entry in entries))
