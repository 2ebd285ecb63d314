"""How commands print: tables for people on a terminal, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

if TYPE_CHECKING:
    import pandas as pd

Json = Annotated[bool, typer.Option("--json", help="print JSON and nothing else")]

terminal = Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print a value as JSON text."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False))


def json_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as JSON values; what is no finite number becomes None."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return rows


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under column headings, a row a line whatever its length; '#' before a heading marks numbers."""
    texts = [[column.removeprefix("#") for column in columns]]
    texts += [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*texts, strict=True)]
    for number, cells in enumerate(texts):
        aligned = [
            cell.rjust(width) if column.startswith("#") else cell.ljust(width)
            for column, cell, width in zip(columns, cells, widths, strict=True)
        ]
        typer.secho("  ".join(aligned).rstrip(), bold=number == 0)


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
    """Show a bar on standard error where that is a terminal, and hand out the function that moves it (done, total)."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as progress:
        task = progress.add_task(what, total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)
