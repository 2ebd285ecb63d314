"""A report's sections as Markdown: paragraphs, lists and tables; what is drawn is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import singledispatch

from allcore.reporting.report.rendering.blocks import (
    Bullets,
    Code,
    Document,
    Figure,
    Gallery,
    Inline,
    Link,
    Matrix,
    Mono,
    Notice,
    Pair,
    Section,
    Strong,
    Table,
    Text,
    Tiles,
)
from allcore.text import for_markdown


def to_markdown(document: Document) -> str:
    """Return the document as the text of a Markdown file."""
    parts = [f"# {plain(document.title)}", plain(document.subtitle), *map(_section, document.sections)]
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Return text such that Markdown shows it as it is, on one line."""
    return for_markdown(" ".join(text.split()))


def _section(section: Section) -> str:
    return "\n\n".join(filter(None, (f"## {plain(section.title)}", *map(block_to_markdown, section.blocks))))


@singledispatch
def block_to_markdown(block: object) -> str:
    """Return one block as Markdown; '' where it is drawn."""
    raise TypeError(f"no Markdown is known for {type(block).__name__}")


@block_to_markdown.register(Figure)
@block_to_markdown.register(Pair)
@block_to_markdown.register(Gallery)
def _(block: object) -> str:
    return ""


@block_to_markdown.register
def _(block: Text) -> str:
    return _inline(block.parts)


@block_to_markdown.register
def _(block: Notice) -> str:
    return f"> **{plain(block.title)}** {plain(block.text)}"


@block_to_markdown.register
def _(block: Bullets) -> str:
    return "\n".join(f"- {_inline(entry)}" for entry in block.entries)


@block_to_markdown.register
def _(block: Tiles) -> str:
    return _grid(("what", "value", "read with"), [(tile.label, tile.value, tile.note) for tile in block.tiles])


@block_to_markdown.register
def _(block: Table) -> str:
    return f"{plain(block.caption)}:\n\n{_grid(block.columns, block.rows)}"


@block_to_markdown.register
def _(block: Matrix) -> str:
    columns = ("true \\ predicted", *(f"#{name}" for name in block.classes))
    rows = [(name, *map(str, counts)) for name, counts in zip(block.classes, block.counts, strict=True)]
    return f"{plain(block.caption)}:\n\n{_grid(columns, rows)}"


@block_to_markdown.register
def _(block: Code) -> str:
    fence = "`" * (1 + max([2, *map(len, re.findall("`+", block.text))]))
    return f"{fence}bash\n{block.text}\n{fence}"


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = [plain(column.removeprefix("#")) for column in columns]
    rule = ["---:" if column.startswith("#") else "---" for column in columns]
    lines = [head, rule, *([plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _inline(parts: Sequence[Inline]) -> str:
    return "".join(map(_piece, parts))


def _piece(part: Inline) -> str:
    match part:
        case Strong(words):
            return f"**{plain(words)}**"
        case Mono(words):
            return f"`{' '.join(words.split()).replace('`', chr(39))}`"
        case Link(words, url):
            return f"[{plain(words)}]({url})"
        case words:
            return for_markdown(words)
