"""`novelty`: whether a model calls images novel that are not like those of its training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allcore.cli.kit.arguments import ModelName
from allcore.cli.kit.output import Json, print_json, progress_bar, say, table
from allcore.text import counted


def novelty(
    model: ModelName,
    others: Annotated[
        list[Path], typer.Argument(metavar="FOLDER…", help="folders of images that are not of the model's kind")
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="labelled folder with the test images of an .onnx file that lies outside a run"),
    ] = None,
    json: Json = False,
) -> None:
    """Print how novelty separates the images of each folder."""
    from allcore.evaluation.probes.novelty_check import check_novelty
    from allcore.evaluation.probes.subject import find_subject
    from allcore.runs.folder.store import RunStore
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    with progress_bar("comparing images") as progress:
        subject = find_subject(model, RunStore(workspace.runs), workspace.cache, data, progress)
    with progress_bar("predicting") as progress:
        report = check_novelty(subject, others, workspace.cache, progress)
    if json:
        print_json(report.model_dump(mode="json"))
        return
    say(report.model, bold=True)
    say(f"novel, over {report.threshold:.2f}: {report.called_novel} of its {counted(report.images, 'test image')}\n")
    rows = [
        (of.folder, of.images, of.called_novel, f"{of.auroc:.4f}", "{:.4f} – {:.4f}".format(*of.interval))
        for of in report.others
    ]
    table(["folder", "#images", "#called novel", "#AUROC", "#95 % interval"], rows)
    for of in report.others:
        if of.unreadable:
            left_out = counted(of.unreadable, "file is", "files are")
            say(f"{of.folder}: {left_out} left out that cannot be read", err=True)
