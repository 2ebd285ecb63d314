"""`export`: a run's model as one file for other software."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    name: Annotated[str, typer.Argument(metavar="RUN", help="a run's id, an unambiguous part of it, or `latest`")],
    form: Annotated[str, typer.Option("--format", metavar="onnx|litert|keras", help="of the file")] = "onnx",
    output: Annotated[Path | None, typer.Option("--output", help="file to write; unset: the run's id, here")] = None,
) -> None:
    """Write a run's model in another form, and check that it says the same of ten images."""
    from allcore.model.export import export_run
    from allcore.runs.store import RunStore
    from allcore.workspace import open_workspace

    run = RunStore(open_workspace().runs).find(name)
    path, difference = export_run(run, form, output)
    typer.echo(f"on ten images no probability differs from the served model's by more than {difference:.1e}", err=True)
    typer.echo(path)
