"""`export`: a run's model as one file for other software."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allcore.cli.output import notes, out


def export(
    name: Annotated[str, typer.Argument(metavar="RUN", help="a run's id, an unambiguous part of it, or `latest`")],
    form: Annotated[str, typer.Option("--format", help="onnx, litert or keras")] = "onnx",
    output: Annotated[Path | None, typer.Option("--output", help="file to write; unset: RUN.<suffix> here")] = None,
) -> None:
    """Write a run's model in another form, and check that it says the same of ten images."""
    from allcore.model.export import export_run
    from allcore.runs.store import RunStore
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    run = RunStore(workspace.runs).find(name)
    path, difference = export_run(run, form, output, workspace.cache)
    notes.print(f"ten images: largest difference of a probability {difference:.1e}")
    out.print(str(path))
