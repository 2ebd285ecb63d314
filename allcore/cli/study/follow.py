"""Following a study on the command line until it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from allcore.cli.kit.output import print_json, say
from allcore.cli.study.text import grid_json, say_grid

if TYPE_CHECKING:
    from allcore.studies.grid import Grid
    from allcore.studies.store import Study
    from allcore.workspace import Workspace


def go_on(study: Study, workspace: Workspace, background: bool, json: bool) -> None:
    """Follow a study that was started, and end with its exit status; in the background, say how it can be seen.

    With `json` the members are printed as JSON at the end, instead of a table.
    """
    if background:
        if json:
            print_json({"study": study.name, "folder": str(study.folder)})
        else:
            say(study.name)
            say(f"see how it goes with: python -m allcore study show {study.name}", err=True)
        return
    raise typer.Exit(_follow(study, workspace, json))


def _follow(study: Study, workspace: Workspace, json: bool) -> int:
    """Say which members have ended until the study has, and return the exit status; Ctrl-C stops the study."""
    import time

    from allcore.runs.folder.states import ACTIVE, in_words
    from allcore.studies.launch import stop_study

    said: set[str] = set()
    try:
        while True:
            going_on = study.status().state in ACTIVE
            grid = current_grid(study, workspace)
            for member in grid.members:
                if member.state not in (*ACTIVE, "missing") and member.run not in said:
                    said.add(member.run)
                    ended = f"{in_words(member.state)} (run {member.run}){_because(member.note)}"
                    say(f"{member.place.name}: {ended}", err=True)
            if not going_on:
                break
            time.sleep(1.0)
    except KeyboardInterrupt:
        say("stopping at the next batch; the checkpoint is kept", err=True)
        stop_study(study, workspace)
        grid = current_grid(study, workspace)
    if json:
        print_json(grid_json(grid, study, workspace))
    else:
        say_grid(grid)
    return 0 if grid.is_whole else 1


def _because(note: str) -> str:
    return f": {note}" if note else ""


def current_grid(study: Study, workspace: Workspace) -> Grid:
    """Return how far the members of a study are."""
    from allcore.runs.execution.ask_schedulers import ask_schedulers
    from allcore.runs.folder.store import RunStore
    from allcore.studies.grid import read_grid

    ask_schedulers(workspace)
    return read_grid(study, study.plan(), RunStore(workspace.runs).runs())
