"""The question before something is deleted."""

from __future__ import annotations

import sys

import typer

from allcore.cli.kit.output import say
from allcore.errors import InputError


def ask_before_deleting(question: str, unasked: InputError) -> None:
    """Ask, and end the command with status 1 where the answer is not yes, or there is none (Ctrl-C, Ctrl-D).

    Raises `unasked` where nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise unasked
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        say(err=True)  # ends the question's line
        agreed = False
    if not agreed:
        say("nothing is deleted", err=True)
        raise typer.Exit(1)
