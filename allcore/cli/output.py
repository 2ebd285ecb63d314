"""How commands print: tables for people on a terminal, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="print JSON and nothing else")]

out = Console(highlight=False)
notes = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print a value as JSON text."""
    print(json.dumps(value, indent=2, allow_nan=False))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under column headings; columns whose heading begins with '#' are numbers."""
    sheet = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        sheet.add_column(column.removeprefix("#"), justify="right" if column.startswith("#") else "left")
    for row in rows:
        sheet.add_row(*("" if cell is None else str(cell) for cell in row))
    out.print(sheet)


def per_cent(value: float | None) -> str:
    """Return a fraction as per cent with two decimals."""
    return "–" if value is None else f"{100 * value:.2f}"


def duration(seconds: float | None) -> str:
    """Return seconds as h:mm:ss."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error, and hand out the function that moves it (done, total)."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=notes, transient=True) as progress:
        task = progress.add_task(what, total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)
