"""A report as one HTML file: style and images inside, no script, nothing fetched from anywhere.

The template is `report.html.jinja`. Every text is escaped, for the names of classes and files are whatever a user
called them; and the page's own policy forbids scripts and addresses, should that fail.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import NamedTuple, NoReturn

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from allcore.reporting.report.rendering.blocks import Document, Section, Table
from allcore.text import for_html, short_names

_LONG = 45
"""Characters from which a column is kept wide enough to be read on a narrow screen."""
_LONGEST_NAME = 24
"""Columns to which names above and beside a matrix are shortened; the whole name is in the hover."""
_PALE = 0.08
"""Opacity of the palest cell of a confusion matrix that holds an image."""


def to_html(document: Document) -> str:
    """Return the document as the text of an HTML file."""
    return _environment().get_template("report.html.jinja").render(document=document)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=lambda value: value if isinstance(value, Markup) else Markup(for_html(str(value))),  # noqa: S704
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.tests["kind"] = lambda value, name: type(value).__name__ == name
    environment.globals["newline"] = Markup("\n")
    environment.filters |= {
        "base64": lambda data: base64.b64encode(data).decode("ascii"),
        "class_headings": _class_headings,
        "column_styles": _column_styles,
        "drawn": Markup,  # SVG and HTML that `figures` made, its texts escaped
        "items": _items,
        "opacity": lambda share: f"{_PALE + (1 - _PALE) * share:.2f}",
        "said": _said,
        "unknown": _unknown,
    }
    return environment


def _said(words: str) -> Markup:
    """Return text escaped, a number on one line with its per cent sign."""
    return Markup(for_html(words).replace(" %", "&nbsp;%"))  # noqa: S704 - escaped here


class _Heading(NamedTuple):
    whole: Markup
    short: Markup


def _class_headings(classes: tuple[str, ...]) -> list[_Heading]:
    pairs = zip(classes, short_names(classes, _LONGEST_NAME), strict=True)
    return [_Heading(Markup(for_html(whole)), Markup(for_html(short))) for whole, short in pairs]  # noqa: S704


def _column_styles(table: Table) -> list[str]:
    return [
        "number" if column.startswith("#") else "long" if max(map(len, cells), default=0) > _LONG else ""
        for column, *cells in zip(table.columns, *table.rows, strict=True)
    ]


def _items(section: Section) -> str:
    """Return the items of the checklist that a section answers or lacks as `7–13, 15`."""
    runs: list[list[int]] = []
    for number in sorted({*section.answers, *section.missing}):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _unknown(block: object) -> NoReturn:
    raise TypeError(f"no HTML is known for {type(block).__name__}")
