"""`report`: everything that is known of a run, as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allcore.cli.kit.arguments import RunName
from allcore.cli.kit.output import Json, check_files, print_json, progress_bar, say, write_file


def report(
    name: RunName,
    output: Annotated[Path | None, typer.Option("--output", help="file to write; unset: the run's id, here")] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="html|md", help="unset: by the ending of --output, else html")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--complete", help="first compute the shortcut baselines and probes that are missing")
    ] = False,
    json: Json = False,
) -> None:
    """Write a report's file, and say where it is and what it lacks."""
    from allcore.reporting.report import check_form, complete, make_report
    from allcore.reporting.report.facts import check_reportable
    from allcore.runs.folder.store import RunStore
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    run = RunStore(workspace.runs).find(name)
    form = form or ("md" if output is not None and output.suffix.lower() == ".md" else "html")
    path = output or Path(f"{run.id}.{form}")
    check_form(form)
    check_files(path)
    check_reportable(run, workspace)
    if whole:
        with progress_bar("baselines and probes") as progress:
            complete(run, workspace, progress)
    made = make_report(run, workspace, form)
    write_file(path, made.content)
    if json:
        lacking = {str(item): reason for item, reason in made.lacking.items()}
        print_json({"run": run.id, "file": str(path), "format": form, "not_provided": lacking})
        return
    say(f"{len(made.lacking)} items of the checklist are missing or incomplete; the file names them", err=True)
    say(path)
