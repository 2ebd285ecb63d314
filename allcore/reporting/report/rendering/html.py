"""A report as one HTML file: style and images inside, no script, nothing fetched from anywhere.

Every text is escaped, for the names of classes and files are whatever a user called them; and the page's own policy
forbids scripts and addresses, should that fail.
"""

from __future__ import annotations

import base64
from functools import singledispatch
from pathlib import Path

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
    Picture,
    Section,
    Strong,
    Table,
    Text,
    Tiles,
)
from allcore.text import for_html, short_names

_STYLE = Path(__file__).with_name("style.css")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_LONG = 45
"""Characters from which a column is kept wide enough to be read on a narrow screen."""
_LONGEST_NAME = 24
"""Columns to which names above and beside a matrix are shortened; the whole name is in the hover."""
_PALE = 0.08
"""Opacity of the palest cell of a confusion matrix that holds an image."""


def to_html(document: Document) -> str:
    """Return the document as the text of an HTML file."""
    contents = "".join(
        f'<li><a href="#{section.key}">{for_html(section.title)}</a></li>' for section in document.sections
    )
    sections = "".join(_section(number, section) for number, section in enumerate(document.sections, start=1))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{for_html(document.title)}</title>\n<style>\n{_STYLE.read_text(encoding='utf-8')}</style>\n</head>\n"
        f"<body>\n<header>\n<h1>{for_html(document.title)}</h1>\n<p>{for_html(document.subtitle)}</p>\n</header>\n"
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav>\n<main>\n{sections}</main>\n</body>\n</html>\n'
    )


def _section(number: int, section: Section) -> str:
    items = sorted({*section.answers, *section.missing})
    note = f" <small>CLAIM {_ranges(items)}</small>" if items else ""
    blocks = "\n".join(_block(block) for block in section.blocks)
    title = for_html(section.title)
    return (
        f'<section id="{section.key}" aria-labelledby="{section.key}-title">\n'
        f'<h2 id="{section.key}-title"><span>{number}</span> {title}{note}</h2>\n{blocks}\n</section>\n'
    )


def _ranges(numbers: list[int]) -> str:
    """Return whole numbers as `7–13, 15`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


@singledispatch
def _block(block: object) -> str:
    raise TypeError(f"no HTML is known for {type(block).__name__}")


@_block.register
def _(block: Text) -> str:
    return f"<p>{_inline(block.parts)}</p>"


@_block.register
def _(block: Notice) -> str:
    return f'<p class="notice" role="note"><strong>{for_html(block.title)}</strong> {for_html(block.text)}</p>'


@_block.register
def _(block: Bullets) -> str:
    return f"<ul>{''.join(f'<li>{_inline(entry)}</li>' for entry in block.entries)}</ul>"


@_block.register
def _(block: Tiles) -> str:
    tiles = "".join(
        f"<div><dt>{for_html(tile.label)}</dt><dd><b>{for_html(tile.value)}</b>{for_html(tile.note)}</dd></div>"
        for tile in block.tiles
    )
    return f'<dl class="tiles">{tiles}</dl>'


@_block.register
def _(block: Table) -> str:
    styles = [_column_style(block, number) for number in range(len(block.columns))]
    head = "".join(
        f'<th scope="col"{style}>{for_html(column.removeprefix("#"))}</th>'
        for column, style in zip(block.columns, styles, strict=True)
    )
    marked = ' class="marked"'
    rows = "".join(
        f"<tr{marked if number in block.marked else ''}>"
        + "".join(f"<td{style}>{_lines(cell)}</td>" for cell, style in zip(row, styles, strict=True))
        + "</tr>"
        for number, row in enumerate(block.rows)
    )
    return _framed(block.caption, f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>")


@_block.register
def _(block: Matrix) -> str:
    short = dict(zip(block.classes, map(for_html, short_names(block.classes, _LONGEST_NAME)), strict=True))
    whole = {name: f' title="{for_html(name)}"' if for_html(name) != short[name] else "" for name in block.classes}
    head = "".join(f'<th scope="col" class="number"{whole[name]}>{short[name]}</th>' for name in block.classes)
    rows = []
    for place, (name, counts) in enumerate(zip(block.classes, block.counts, strict=True)):
        total = sum(counts)
        cells = "".join(_cell(count, total, place == column) for column, count in enumerate(counts))
        rows.append(f'<tr><th scope="row"{whole[name]}>{short[name]}</th>{cells}<td class="number">{total}</td></tr>')
    body = "".join(rows)
    corner = '<th scope="col">true \\ called</th>'
    last = '<th scope="col" class="number">all</th>'
    return _framed(block.caption, f"<thead><tr>{corner}{head}{last}</tr></thead><tbody>{body}</tbody>", kind="matrix")


@_block.register
def _(block: Code) -> str:
    return f'<pre tabindex="0"><code>{_code(block.text)}</code></pre>'


@_block.register
def _(block: Figure) -> str:
    return f"<figure>{block.markup}<figcaption>{for_html(block.caption)}</figcaption></figure>"


@_block.register
def _(block: Pair) -> str:
    return f'<div class="pair">{"".join(map(_block, block.figures))}</div>'


@_block.register
def _(block: Gallery) -> str:
    return f'<div class="gallery">{"".join(map(_picture, block.pictures))}</div>'


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.jpeg).decode("ascii")
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" width="{picture.width}" height="{picture.height}" '
        f'alt="{for_html(picture.alt)}"><figcaption>{for_html(picture.caption)}</figcaption></figure>'
    )


def _cell(count: int, total: int, right: bool) -> str:
    share = count / total if total else 0.0
    if not count:
        return '<td class="number">0</td>'
    colour = "0 114 178" if right else "213 94 0"
    opacity = _PALE + (1 - _PALE) * share
    dark = " dark" if share > 0.5 else ""
    return f'<td class="number{dark}" style="background:rgb({colour} / {opacity:.2f})">{count}</td>'


def _framed(caption: str, table: str, kind: str = "") -> str:
    """Return a table that scrolls sideways where the page is too narrow for it."""
    style = f' class="{kind}"' if kind else ""
    return (
        f'<p class="caption">{_said(caption)}</p><div class="scroll" role="region" tabindex="0" '
        f'aria-label="{for_html(caption)}"><table{style}>{table}</table></div>'
    )


def _column_style(table: Table, number: int) -> str:
    if table.columns[number].startswith("#"):
        return ' class="number"'
    longest = max((len(row[number]) for row in table.rows), default=0)
    return ' class="long"' if longest > _LONG else ""


def _lines(cell: str) -> str:
    return "<br>".join(map(_said, cell.split("\n")))


def _code(text: str) -> str:
    return "\n".join(map(for_html, text.split("\n")))


def _said(words: str) -> str:
    """Return text escaped, a number on one line with its per cent sign."""
    return for_html(words).replace(" %", "&nbsp;%")


def _inline(parts: tuple[Inline, ...]) -> str:
    return "".join(map(_piece, parts))


def _piece(part: Inline) -> str:
    match part:
        case Strong(words):
            return f"<strong>{for_html(words)}</strong>"
        case Mono(words):
            return f"<code>{for_html(words)}</code>"
        case Link(words, url):
            return f'<a href="{for_html(url)}">{for_html(words)}</a>'
        case words:
            return _said(words)
