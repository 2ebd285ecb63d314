"""How commands print: tables for people on a terminal, JSON for programs.

All that a command prints goes through `say` or `print_json`, so that no name of a file acts on the terminal.
"""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from io import TextIOWrapper
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len

from allcore.cli.kit.named_file import check_named, write_named
from allcore.errors import InputError
from allcore.progress import Progress
from allcore.text import printable, well_formed

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="print JSON and nothing else")]

_PLAIN = {"–": "-", "—": "-", "−": "-", "×": "x", "…": "...", "→": "->", "“": '"', "”": '"', "’": "'", "·": "*"}
"""What stands for a character that a terminal lacks; '?' for all others."""


def print_what_the_terminal_has() -> None:
    """Let standard output and error replace the characters that their encoding lacks, where they would fail."""

    def replace(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        return "".join(_PLAIN.get(lacking, "?") for lacking in error.object[error.start : error.end]), error.end

    codecs.register_error("plain", replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="plain")


def say(text: object = "", *, bold: bool = False, err: bool = False, nl: bool = True) -> None:
    """Print text, of one line or more, without what would act on the terminal."""
    shown = "\n".join(map(printable, str(text).split("\n")))
    typer.secho(shown, bold=bold or None, err=err, nl=nl)


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print a value as JSON text."""
    text = well_formed(json.dumps(value, ensure_ascii=False, allow_nan=False))
    typer.echo(json.dumps(json.loads(text), indent=2))


def check_files(*files: Path | None) -> None:
    """Raise `InputError` where a file that an option names could not be written: before the work for it, not after."""
    for file in filter(None, files):
        with _named_where_it_fails(file):
            check_named(file)


def write_file(file: Path, content: str | bytes) -> None:
    """Write the file, pipe or descriptor that an option names, text in UTF-8. Raises `InputError` with the reason."""
    with _named_where_it_fails(file):
        write_named(file, content)


def make_folder_for(option: str, folder: Path) -> None:
    """Make the folder that an option names, where it is missing. Raises `InputError` with the reason."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{option}: the folder {folder} cannot be made ({error.strerror}); give another") from None


@contextmanager
def _named_where_it_fails(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror or error}); choose another place") from None


def json_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as JSON values; what is no finite number becomes None."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return rows


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under column headings, a row a line whatever its length; '#' before a heading marks numbers."""
    texts = [[column.removeprefix("#") for column in columns]]
    texts += [["" if cell is None else str(cell) for cell in row] for row in rows]
    texts = [[printable(text) for text in row] for row in texts]
    aligned = [_aligned(column, cells) for column, cells in zip(columns, zip(*texts, strict=True), strict=True)]
    heading, *lines = ["  ".join(cells).rstrip() for cells in zip(*aligned, strict=True)]
    say(heading, bold=True)
    if lines:
        say("\n".join(lines))


def _aligned(column: str, cells: Sequence[str]) -> list[str]:
    """Return a column's cells as wide as the widest, at the right where they are numbers."""
    widths = [len(cell) if cell.isascii() else cell_len(cell) for cell in cells]
    widest = max(widths)
    spaces = [" " * (widest - width) for width in widths]
    if column.startswith("#"):
        return list(map(add, spaces, cells))
    return list(map(add, cells, spaces))


@cache
def terminal() -> Console:
    """Return standard error as what bars are drawn on; commands without one do not wait for rich."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """Show a bar on standard error where that is a terminal, and hand out the function that moves it (done, total)."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich import progress as bars

    columns = (bars.TextColumn(what), bars.BarColumn(), bars.MofNCompleteColumn())
    with bars.Progress(*columns, console=terminal(), transient=True) as progress:
        task = progress.add_task(what, total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)
