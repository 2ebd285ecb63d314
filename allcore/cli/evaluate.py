"""`evaluate`: the scores of a model with intervals, beside the paper's or against another model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allcore.cli.kit.arguments import ModelName
from allcore.cli.kit.evaluation_text import print_comparison, print_evaluation
from allcore.cli.kit.output import Json, progress_bar
from allcore.cli.kit.said_once import both_sides, said_once
from allcore.errors import InputError

if TYPE_CHECKING:
    from allcore.workspace import Workspace

Variant = Annotated[
    str | None,
    typer.Option("--variant", help="variant folder of --data; unset: the one that the model was trained on"),
]
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="THEIRS=OURS",
        help="which of the model's classes a class of --data is; may be repeated; no OURS: left out",
    ),
]


def evaluate(
    model: ModelName,
    data: Annotated[
        Path | None, typer.Option("--data", help="any labelled folder; unset: the run's own images")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            help="test or validation images of the model's run, or its train images (with --data, or of the file "
            "model.onnx in the run's folder); unset: test, or all of --data",
        ),
    ] = None,
    variant: Variant = None,
    mapping: Mapping = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="MODEL",
            help="another model, compared on the images they share; --split of --data is by the first one's run",
        ),
    ] = None,
    prevalence: Annotated[
        float | None,
        typer.Option(
            "--prevalence",
            min=0,
            max=100,
            help="per cent of positives among those examined, for which PPV and NPV hold; unset: that of the images",
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="as_given|corrected|corrected-DIGEST",
            help="which labels count: the folders', or as they were judged; unset: those that a run was made with, or "
            "those of --data",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Print the evaluation of a model, or the comparison of two."""
    from allcore.evaluation.predictions.evaluate_model import evaluate_model
    from allcore.runs.folder.store import RunStore
    from allcore.workspace import open_workspace

    if against is not None and prevalence is not None:
        raise InputError("--prevalence is for the scores of one model; leave it or --against out")
    workspace = open_workspace()
    named = named_classes(mapping, model, data, workspace)
    store = RunStore(workspace.runs)
    with progress_bar("predicting") as progress:
        how = (store, workspace.cache, data, split, variant, named, progress, labels, workspace.judgements)
        evaluation = evaluate_model(model, *how)
        other = None if against is None else evaluate_model(against, *how, evaluation.predictions)
    if other is not None:
        print_comparison(evaluation, other, json)
    else:
        print_evaluation(evaluation, json, None if prevalence is None else prevalence / 100)


def named_classes(options: Sequence[str] | None, model: str, data: Path | None, workspace: Workspace) -> dict[str, str]:
    """Return the model's class that each class of the folder `data` is by the option --map.

    Raises `InputError`, also where names hold `=` and the folder or the model, which are looked at then, will not do.
    """
    from allcore.data.class_names import class_name

    @cache
    def names() -> tuple[tuple[str, ...], tuple[str, ...]]:
        from allcore.data.catalog import scan
        from allcore.inference.predictor import load_predictor
        from allcore.runs.folder.store import RunStore
        from allcore.runs.named_model import named_model

        if data is None:
            return (), ()
        classes = load_predictor(named_model(model, RunStore(workspace.runs)).path).classes
        return scan(data, workspace.cache).classes, classes

    def known(theirs: str, ours: str) -> bool:
        of_folder, of_model = names()
        return class_name(theirs) in of_folder and ours in (*of_model, "")

    return said_once("map", (both_sides("map", "THEIRS=OURS", option, known, "last") for option in options or []))
