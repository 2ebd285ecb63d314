"""`export`: a run's model as one file for other software."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allcore.cli.kit.arguments import RunName
from allcore.cli.kit.output import say


def export(
    name: RunName,
    form: Annotated[str, typer.Option("--format", metavar="onnx|litert|keras", help="form of the file")] = "onnx",
    output: Annotated[Path | None, typer.Option("--output", help="file to write; unset: the run's id, here")] = None,
    card: Annotated[
        Path | None, typer.Option("--card", help="Markdown file that becomes the model's card, in the onnx file itself")
    ] = None,
) -> None:
    """Write a model's file, and say where it is and by how much its probabilities differ."""
    from allcore.evaluation.held_out import held_out_score
    from allcore.runs.folder.store import RunStore
    from allcore.training.export import export_run
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    run = RunStore(workspace.runs).find(name)
    held_out = held_out_score(run, workspace.cache)
    if form == "onnx" and not held_out.views:
        say(f"no probes, so the file will not say what the model looks at; `probe {run.id}` makes them", err=True)
    exported = export_run(run, form, output, card, held_out)
    told = f"on ten images no probability differs from those of {exported.checked_against} by more than"
    say(f"{told} {exported.difference:.1e}", err=True)
    if exported.checked_against != run.served_model.name:
        say(f"the file is in float32; from the served int8 model: {exported.from_served:.1e}", err=True)
    say(exported.path)
