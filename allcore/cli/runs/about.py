"""`runs name`, `note`, `tag`, `hide`: what people say of a run."""

from __future__ import annotations

from typing import Annotated

import typer

from allcore.cli.kit.arguments import RunName


def name_run(name: RunName, text: Annotated[str, typer.Argument(metavar="TEXT", help="'' for none")]) -> None:
    """Give a run a name, which lists show beside its id."""
    _say(name, name=text)


def note(name: RunName, text: Annotated[str, typer.Argument(metavar="TEXT", help="'' for none")]) -> None:
    """Keep a note on a run."""
    _say(name, note=text)


def tag(
    name: RunName, tags: Annotated[list[str] | None, typer.Argument(metavar="TAG…", help="unset: none")] = None
) -> None:
    """Give a run these tags, in place of those it has."""
    _say(name, tags=tuple(tags or ()))


def hide(name: RunName, show_again: Annotated[bool, typer.Option("--show", help="list it again")] = False) -> None:
    """Leave a run out of lists; nothing of it is removed."""
    _say(name, hidden=not show_again)


def _say(name: str, /, **said: object) -> None:
    from allcore.runs.folder.about import about, say_of_run
    from allcore.runs.folder.store import RunStore
    from allcore.workspace import open_workspace

    run = RunStore(open_workspace().runs).find(name)
    say_of_run(run, about(run).model_copy(update=said))
