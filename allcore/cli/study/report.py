"""`study report`: what a study found, printed, or as a file."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allcore.cli.kit.output import Json, check_files, print_json, progress_bar, say, write_file
from allcore.cli.study.text import say_findings
from allcore.errors import InputError

if TYPE_CHECKING:
    from allcore.studies.findings import StudyFindings
    from allcore.studies.store import Study
    from allcore.workspace import Workspace

Name = Annotated[str, typer.Argument(metavar="STUDY", help="a study's name, an unambiguous part of it, or `latest`")]


def report(
    name: Name,
    margin: Annotated[
        float,
        typer.Option(
            "--margin",
            help="points: two settings count as the same if two one-sided tests show their accuracies to be less than "
            "this apart",
        ),
    ] = 1.0,
    whole: Annotated[
        bool, typer.Option("--complete", help="first compute the shortcut baselines and probes that are missing")
    ] = False,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="first compute classifiers on frozen VGG16 features; needs its weights")
    ] = False,
    latency: Annotated[
        bool, typer.Option("--latency", help="time one image through a network of each setting")
    ] = False,
    form: Annotated[
        str | None, typer.Option("--format", metavar="html|md", help="write a file; unset: by the ending of --output")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="file to write; unset: the study's name, here")
    ] = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="print the tables of settings and of methods as Markdown, alone")
    ] = False,
    json: Json = False,
) -> None:
    """Say what a study found: scores with their spread, which settings differ, baselines and probes on its folds."""
    from allcore.runs.folder.store import RunStore
    from allcore.studies.baselines import compute_baselines
    from allcore.studies.findings import study_findings
    from allcore.studies.probes import compute_probes
    from allcore.studies.results import finished_members
    from allcore.studies.store import StudyStore
    from allcore.workspace import open_workspace

    if not 0 < margin < 100:
        raise InputError(f"--margin: expected points above 0 and below 100, as 1 (received {margin:g})")
    if tables and json:
        raise InputError("--tables prints Markdown and --json JSON; expected one of them: leave one out")
    if tables and (form is not None or output is not None):
        raise InputError("--tables prints two tables, --format and --output write the whole report; leave one out")
    workspace = open_workspace()
    study = StudyStore(workspace.studies).find(name)
    if form is not None or output is not None:
        form = form or ("md" if output is not None and output.suffix.lower() == ".md" else "html")
        output = output or Path(f"{study.name}.{form}")
        _check_report(study, form, output, workspace)
    plan, members = study.plan(), study.members(RunStore(workspace.runs).runs())
    if whole or frozen:
        finished = finished_members(plan, members)
        with progress_bar("baselines") as progress:
            compute_baselines(plan, finished, workspace.cache, progress, frozen=frozen)
    if whole:
        with progress_bar("probes") as progress:
            compute_probes(finished, workspace.cache, progress)
    found = study_findings(study.name, plan, members, workspace.cache, margin / 100, timed=latency)
    folders = _out_of_fold(study, found)
    if form is not None and output is not None:
        _write(found, form, output, json)
    elif tables:
        from allcore.reporting.studies.report import readme_tables

        say(readme_tables(found))
    elif json:
        print_json({**found.to_json(), "out_of_fold": folders})
    else:
        say_findings(found)
        for folder in folders:
            say(f"all test predictions: python -m allcore evaluate {shlex.quote(folder)}", err=True)


def _check_report(study: Study, form: str, output: Path, workspace: Workspace) -> None:
    """Raise `InputError` where no report could be made or written: before the work for it, not after."""
    from allcore.data.labels.meanings import check_meanings
    from allcore.reporting.report import check_form

    check_form(form)
    check_files(output)
    check_meanings(study.plan().config.dataset, workspace.classes)


def _write(found: StudyFindings, form: str, output: Path, json: bool) -> None:
    """Write the report, and say where it is."""
    from allcore.reporting.studies.report import make_study_report
    from allcore.workspace import open_workspace

    write_file(output, make_study_report(found, open_workspace(), form))
    if json:
        print_json({"study": found.name, "file": str(output), "format": form})
    else:
        say(output)


def _out_of_fold(study: Study, found: StudyFindings) -> list[str]:
    """Write the out-of-fold predictions of each setting and seed that has succeeded members, and return their folders.

    Where the disk refuses, why is said: the report does not need them.
    """
    from allcore.studies.out_of_fold import UnwrittenError, out_of_fold_run

    folders: list[str] = []
    try:
        for setting, seed in dict.fromkeys((each.place.setting, each.place.seed) for each in found.finished):
            folders.append(str(out_of_fold_run(study, found.finished, setting, seed).folder))
    except UnwrittenError as error:
        say(f"{error}; the report is whole without them", err=True)
    return folders
