"""`probe`: what a model relies on, by its accuracy on changed test images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from allcore.cli.kit.arguments import ModelName
from allcore.cli.kit.output import Json, print_json, progress_bar, say, table
from allcore.number_text import decimal, interval, or_blank
from allcore.text import counted

if TYPE_CHECKING:
    from allcore.evaluation.probes.probing import ProbeReport


def probe(
    model: ModelName,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="labelled folder with the images of an .onnx file that lies outside a run"),
    ] = None,
    split: Annotated[
        Literal["test", "validation"], typer.Option("--split", help="whose images are shown: test | validation")
    ] = "test",
    json: Json = False,
) -> None:
    """Print the report of a model's probes."""
    from allcore.evaluation.probes.probing import probe_model
    from allcore.evaluation.probes.subject import find_subject
    from allcore.runs.folder.store import RunStore
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    with progress_bar("comparing images") as progress:
        subject = find_subject(model, RunStore(workspace.runs), workspace.cache, data, progress)
    with progress_bar("probing") as progress:
        report = probe_model(replace(subject, scored=split), workspace.cache, progress)
    if json:
        print_json(_probe_json(report))
    else:
        _print_report(report, split)


def _probe_json(report: ProbeReport) -> dict[str, Any]:
    """Return a report as JSON values, scores in fractions: what each probe did, showed, and what that means."""
    from allcore.evaluation.held_out import views_of
    from allcore.evaluation.probes.registry import PROBES
    from allcore.reporting.probes import CAVEAT, findings, what_it_looks_at

    what = {probe.name: probe.what for probe in PROBES}
    fields = report.model_dump(mode="json", exclude={"results": {"__all__": {"predicted", "shown"}}})
    fields["results"] = [{"what": what[result["name"]], **result} for result in fields["results"]]
    said = {"findings": findings(report), "looks_at": what_it_looks_at(views_of(report)), "note": CAVEAT}
    return {**fields, **said}


def _print_report(report: ProbeReport, split: str) -> None:
    from allcore.evaluation.held_out import views_of
    from allcore.reporting.probes import CAVEAT, evidence_findings, findings, probe_table, what_it_looks_at

    rows = probe_table(report)
    scores = report.results[0].scores
    assert scores is not None
    say(report.model, bold=True)
    say(f"on its {counted(scores.n, f'{split} image')}\n")
    made = rows[rows["skipped"] == ""].astype(object)
    cells = made.where(made.notna(), None).to_dict("records")

    def shown(value: float | None, sign: str = "") -> str:
        return or_blank(decimal(value, sign=sign))

    def ends(low: float | None, high: float | None, sign: str = "") -> str:
        return or_blank(interval((low, high), sign=sign))

    table(
        [
            "images", "#accuracy %", "#95 % interval", "#change", "#95 % interval", "#predictions changed",
            "#predicted as the lender's class (%)", "#neither %", "most often",
        ],
        [
            (
                row["probe"], shown(row["accuracy"]), ends(row["low"], row["high"]), shown(row["change"], "+"),
                ends(row["change_low"], row["change_high"], "+"), row["decisions_changed"],
                shown(row["followed_other"]), shown(row["followed_neither"]), row["commonest_change"],
            )
            for row in cells
        ],
    )  # fmt: skip
    say()
    for sentence in filter(None, (what_it_looks_at(views_of(report)), *findings(report), *evidence_findings(report))):
        say(sentence)
    for row in rows[rows["skipped"] != ""].to_dict("records"):
        say(f"{row['probe']}: skipped, {row['skipped']}")
    say(CAVEAT)
