"""`baselines`: what needs no trained network, on the test images of a run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from allcore.cli.kit.arguments import RunName
from allcore.cli.kit.output import Json, print_json, progress_bar, say, table
from allcore.number_text import percentage, percentages


def baselines(
    name: RunName,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="classifiers on frozen VGG16 features too; needs its ImageNet weights")
    ] = False,
    json: Json = False,
) -> None:
    """Print the scores of a run beside those of its baselines."""
    from allcore.evaluation.predictions.recorded import recorded_predictions
    from allcore.evaluation.shortcuts import frozen_scores_of_run, shortcut_scores_of_run
    from allcore.evaluation.shortcuts.against_shortcuts import against_shortcuts
    from allcore.runs.folder.store import RunStore
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    run = RunStore(workspace.runs).find(name)
    predictions = recorded_predictions(run, "test")
    with progress_bar("scoring baselines") as progress:
        results = shortcut_scores_of_run(run, workspace.cache, progress)
        if frozen:
            results += frozen_scores_of_run(run, workspace.cache, progress)
    compared = against_shortcuts(predictions, results).to_dict("records")
    scores = predictions.score()
    if json:
        print_json({"run": run.id, "accuracy": scores.accuracy, "baselines": compared})
        return
    own = percentages(scores.intervals["accuracy"])
    rows: list[tuple[Any, ...]] = [(run.id, percentage(scores.accuracy), own, "", "")]
    for one in compared:
        ends = percentages((one["low"], one["high"]))
        difference = percentage(one["difference"], sign="+")
        rows.append((one["baseline"], percentage(one["accuracy"]), ends, difference, f"{one['p']:.2g}"))
    table(["on the same test images", "#accuracy %", "#95 % interval", "#lead (points)", "#p"], rows)
    say("p: McNemar's test over groups of overlapping images, corrected for their number by Holm's method")
