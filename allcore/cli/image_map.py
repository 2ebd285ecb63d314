"""`map`: a model's images in two dimensions of its features, and what these features tell apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from allcore.cli.evaluate import Mapping, Variant, named_classes
from allcore.cli.kit.arguments import ModelName
from allcore.cli.kit.output import Json, check_files, json_rows, print_json, progress_bar, say, table, write_file
from allcore.errors import InputError
from allcore.number_text import decimal, interval

if TYPE_CHECKING:
    import pandas as pd

    from allcore.runs.folder.store import Run
    from allcore.workspace import Workspace

_Colouring = Literal["class", "predicted", "answer", "part", "stain", "novelty", "neighbours"]


def image_map(
    model: ModelName,
    data: Annotated[
        Path | None, typer.Option("--data", help="any labelled folder; unset: the images of the model's run")
    ] = None,
    variant: Variant = None,
    mapping: Mapping = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE.html", help="write the map as a page that opens anywhere")
    ] = None,
    by: Annotated[
        _Colouring | None, typer.Option("--by", help="what the figure's points are coloured by; unset: class")
    ] = None,
    projection: Annotated[
        Literal["t_sne", "principal"] | None,
        typer.Option("--projection", help="of the figure: t_sne | principal; unset: t_sne"),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="write every mapped image with its places in both maps")
    ] = None,
    json: Json = False,
) -> None:
    """Print what a map tells apart, and write the map and its table where that is asked for."""
    from allcore.evaluation.image_map.making import NEIGHBOURS, make_map
    from allcore.evaluation.image_map.table import agreement, map_table
    from allcore.reporting.image_map import MEANING, map_figure, mapped_of
    from allcore.reporting.neighbours import agreement_findings
    from allcore.text import for_csv
    from allcore.workspace import open_workspace

    if figure is None and (by is not None or projection is not None):
        raise InputError("by, projection: they are of the figure; give --figure FILE.html as well")
    check_files(csv, figure)
    workspace = open_workspace()
    run = _run_of(model, workspace, data, variant, named_classes(mapping, model, data, workspace))
    with progress_bar("mapping") as progress:
        made = make_map(run, workspace.cache, progress)
    images, total = map_table(made, run), len(run.split.table)
    rows = agreement(made, images)
    if csv is not None:
        write_file(csv, for_csv(images))
    if figure is not None:
        classes = sorted(set(run.split.classes))
        drawn = map_figure(images, projection or "t_sne", by or "class", classes, made.variance)
        write_file(figure, drawn.to_html(include_plotlyjs=True, config={"displaylogo": False}))
    findings = agreement_findings(rows, NEIGHBOURS)
    if json:
        print_json(
            {
                "model": model, "images": len(images), "of": total, "neighbours": NEIGHBOURS,
                "agreement": json_rows(rows), "findings": findings, "note": MEANING, "variance": list(made.variance),
                "points": json_rows(images),
            }
        )  # fmt: skip
        return
    _print(model, rows, findings, mapped_of(len(images), total))
    say(MEANING)
    for written in filter(None, (csv, figure)):
        say(written)


def _run_of(model: str, workspace: Workspace, data: Path | None, variant: str | None, mapping: dict[str, str]) -> Run:
    """Return the run whose images are mapped: the model's own, or its scoring of a folder in that form."""
    from allcore.data.catalog import scan
    from allcore.evaluation.predictions.evaluation_run import evaluation_run
    from allcore.evaluation.predictions.score_folder import ScoringRequest
    from allcore.inference.predictor import load_predictor
    from allcore.runs.folder.store import RunStore
    from allcore.runs.named_model import named_model

    named = named_model(model, RunStore(workspace.runs))
    if data is None:
        own = named.own_run
        if variant is not None or mapping:
            raise InputError("variant, map: they are of --data; give --data DIR as well")
        return own
    with progress_bar("reading images") as progress:
        folder = scan(data, workspace.cache, progress).root
    of = ScoringRequest(folder=folder, variant=variant, mapping=mapping)
    with progress_bar("predicting") as progress:
        return evaluation_run(load_predictor(named.path), named.path, of, workspace.cache, progress)


def _print(model: str, rows: pd.DataFrame, findings: list[str], mapped: str) -> None:
    from allcore.reporting.neighbours import agreement_table

    say(model, bold=True)
    say(f"{mapped}\n")
    numbers = ("#by features %", "#95 % interval", "#by colours %", "#by chance %")
    cells = [
        (
            row["images"], row["number"], row["what"], decimal(row["features"]), interval((row["low"], row["high"])),
            decimal(row["colours"]), decimal(row["chance"]),
        )
        for row in agreement_table(rows).to_dict("records")
    ]  # fmt: skip
    table(["images", "#number", "shared with the nearest", *numbers], cells)
    say()
    for finding in findings:
        say(finding)
