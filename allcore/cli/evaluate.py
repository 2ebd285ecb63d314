"""`evaluate`: the scores of a model, with intervals, beside the paper's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.output import Json, per_cent, print_json, progress_bar, table
from allcore.paper import HEADLINE

if TYPE_CHECKING:
    from allcore.evaluation.labelled import Evaluation

_ROWS = {
    "accuracy": "accuracy",
    "precision_weighted": "precision (weighted)",
    "recall_weighted": "sensitivity (weighted)",
    "f1_weighted": "F1 (weighted)",
    "mcc": "MCC",
    "balanced_accuracy": "balanced accuracy",
    "precision_macro": "precision (macro)",
    "recall_macro": "sensitivity (macro)",
    "specificity_macro": "specificity (macro)",
    "npv_macro": "NPV (macro)",
    "f1_macro": "F1 (macro)",
    "auroc_macro": "AUROC (macro)",
    "average_precision_macro": "average precision (macro)",
}
_ERRORS = {"ece": "expected calibration error", "brier": "Brier score", "log_loss": "log loss"}


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="a run's id or folder, or an .onnx file")],
    data: Annotated[
        Path | None, typer.Option("--data", help="any labelled folder; unset: the run's own images")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", help="train, validation or test images of the model's run; unset: test, or all of --data"
        ),
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option("--variant", help="variant folder of --data; unset: the one that the model was trained on"),
    ] = None,
    json: Json = False,
) -> None:
    """Score a model on the test split of its run, or on any labelled folder."""
    from allcore.evaluation.labelled import evaluate_model
    from allcore.runs.store import RunStore
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    with progress_bar("predicting") as progress:
        evaluation = evaluate_model(model, RunStore(workspace.runs), workspace.cache, data, split, variant, progress)
    print_evaluation(evaluation, json)


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as JSON values: the scores in fractions, and what they are of."""
    named = {"model": evaluation.model, "data": evaluation.data}
    return {**named, **evaluation.scores.to_json(), "notes": list(evaluation.notes)}


def print_evaluation(evaluation: Evaluation, json: bool) -> None:
    """Print an evaluation as JSON, or as tables beside the paper's scores."""
    if json:
        print_json(evaluation_json(evaluation))
        return
    scores = evaluation.scores.to_json()
    typer.secho(evaluation.model, bold=True)
    typer.echo(f"on {evaluation.data}: {scores['n']} images\n")
    rows = [
        (name, per_cent(scores[key]), _interval(scores, key), per_cent(HEADLINE[key]) if key in HEADLINE else "")
        for key, name in _ROWS.items()
    ]
    table(["score", "#%", "#95 % interval", "#paper %"], rows)
    typer.echo()
    errors = [(name, f"{scores[key]:.4f}", _interval(scores, key, scale=1.0)) for key, name in _ERRORS.items()]
    table(["error", "#value", "#95 % interval"], errors)
    typer.echo()
    _print_classes(scores)
    typer.echo("\nThe paper's figures are of its own test images at 300 px, which are not these.")
    for note in evaluation.notes:
        typer.echo(f"note: {note}")


def _print_classes(scores: dict[str, Any]) -> None:
    columns = ("precision", "recall", "specificity", "npv", "f1", "auroc")
    rows = [
        (name, row["support"], *(per_cent(row[column]) for column in columns))
        for name, row in scores["per_class"].items()
    ]
    table(["class", "#images", *(f"#{column}" for column in columns)], rows)
    typer.echo()
    matrix = zip(scores["classes"], scores["confusion_matrix"], strict=True)
    table(
        ["true \\ predicted", *(f"#{name}" for name in scores["classes"])],
        [(name, *counts) for name, counts in matrix],
    )


def _interval(scores: dict[str, Any], key: str, scale: float = 100.0) -> str:
    bounds = scores["intervals"].get(key)
    if bounds is None or bounds[0] is None:
        return "–"
    digits = 2 if scale == 100.0 else 4
    return f"{scale * bounds[0]:.{digits}f} – {scale * bounds[1]:.{digits}f}"
