"""The question before something is deleted."""

from __future__ import annotations

import typer

from allcore.cli.output import say


def ask_before_deleting(question: str) -> None:
    """Ask, and end the command with status 1 where the answer is not yes, or there is none (Ctrl-C, Ctrl-D)."""
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        say(err=True)  # ends the question's line
        agreed = False
    if not agreed:
        say("nothing is deleted", err=True)
        raise typer.Exit(1)
