"""`mlflow sync`: runs mirrored to an MLflow server by hand, and `mlflow follow`, which workers start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allcore.cli.kit.arguments import A_RUN
from allcore.cli.kit.output import say

app = typer.Typer()


@app.command()
def sync(
    names: Annotated[list[str] | None, typer.Argument(metavar="RUN…", help=f"each {A_RUN}; unset: all")] = None,
) -> None:
    """Send what the server lacks: of all runs, also of those that were trained before, or of those that are named.

    Runs that wait for their first start are left out.
    """
    from allcore.runs.folder.store import Run, RunStore
    from allcore.tracking.exporter import catch_up, tracking_server, waits_for_its_start
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    server, store = tracking_server(), RunStore(workspace.runs)
    runs = [store.find(name) for name in names] if names else store.runs()
    waiting = {run.id for run in runs if waits_for_its_start(run)}
    problems: dict[str, str] = {}
    for of, problem in catch_up(server, workspace, runs):
        name = of.id if isinstance(of, Run) else f"study {of.name}"
        say(f"{name}: {problem or 'sent'}", err=bool(problem))
        problems[name] = problem
    looked_at = [run.id for run in runs if run.id in problems]
    sent, wait = sum(not problems[run] for run in looked_at), len(waiting.difference(looked_at))
    say(
        f"{sent} of {len(runs)} runs sent to {server.address}, {len(runs) - len(looked_at) - wait} were there already"
        f"{f', {wait} wait for their first start' if wait else ''}"
    )
    if any(problems.values()):
        raise typer.Exit(1)


@app.command(hidden=True)
def follow(folder: Annotated[Path, typer.Argument(help="the folder of a run or a study")]) -> None:
    """Mirror a run until it has ended; its worker starts this, and `study run` for a study."""
    from allcore.tracking.exporter import follow as follow_folder
    from allcore.workspace import open_workspace

    raise typer.Exit(follow_folder(folder.resolve(), open_workspace()))
