"""`train` and `sweep`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.evaluate import evaluation_json, print_evaluation
from allcore.cli.options import config_from, presets_help, with_config_options
from allcore.cli.output import Json, print_json, progress_bar, say

if TYPE_CHECKING:
    from allcore.config import TrainConfig
    from allcore.evaluation.predictions.evaluate import Evaluation
    from allcore.runs.executor import LocalExecutor
    from allcore.runs.store import Run

Data = Annotated[Path, typer.Option("--data", help="dataset folder: class folders, or variants of them")]
Preset = Annotated[str, typer.Option("--preset", help=presets_help())]
Background = Annotated[bool, typer.Option("--background", help="return at once; `runs watch` follows")]


@with_config_options()
def train(
    data: Data, fields: dict[str, Any], preset: Preset = "paper", background: Background = False, json: Json = False
) -> None:
    """Train the modified VGG16 in a worker process and show how it goes; the defaults are the paper's."""
    executor = _executor()
    run = _submit(executor, config_from(data, preset, _with_protocol(data, fields)))
    if background and json:
        print_json(_named(run))
    elif background:
        _announce([run])
    else:
        say(f"run {run.id}", err=True)
        raise typer.Exit(finish([run], executor, partial(print_evaluation, json=json)))


@with_config_options(leave_out=frozenset({"image_size"}))
def sweep(
    data: Data,
    sizes: Annotated[str, typer.Option("--sizes", help="image sizes in pixels, separated by commas: 300,250,224")],
    fields: dict[str, Any],
    preset: Preset = "paper",
    background: Background = False,
    json: Json = False,
) -> None:
    """Train one run for each image size, one after another, with the same recipe, seed and split."""
    from allcore.runs.sweep import parse_sizes, sweep_configs

    executor = _executor()
    configs = sweep_configs(config_from(data, preset, _with_protocol(data, fields)), parse_sizes(sizes))
    runs = [_submit(executor, config) for config in configs]
    if background and json:
        print_json([_named(run) for run in runs])
    elif background:
        _announce(runs)
    elif json:
        evaluations: list[Evaluation] = []
        exit_status = finish(runs, executor, evaluations.append)
        print_json([evaluation_json(evaluation) for evaluation in evaluations])
        raise typer.Exit(exit_status)
    else:
        say(f"{configs[0].sweep}: {len(runs)} runs", err=True)
        raise typer.Exit(finish(runs, executor, partial(print_evaluation, json=False)))


def finish(runs: list[Run], executor: LocalExecutor, show: Callable[[Evaluation], None]) -> int:
    """Follow runs to their ends, show the test scores of each, and return the exit status; Ctrl-C stops them all."""
    from allcore.cli.follow import follow
    from allcore.evaluation.predictions.evaluate import evaluate_run

    exit_status = 0
    for run in runs:
        try:
            status = follow(run, executor)
        except KeyboardInterrupt:
            _stop(runs, executor)
            status = executor.state(run)
        if status.state == "succeeded":
            show(evaluate_run(run, "test"))
            continue
        say(f"run {run.id} is {status.state}: {status.error or f'its folder is {run.folder}'}", err=True)
        say(f"go on with: python -m allcore runs resume {run.id}", err=True)
        exit_status = 1
    return exit_status


def _stop(runs: list[Run], executor: LocalExecutor) -> None:
    from allcore.runs.status import ACTIVE

    say("stopping at the next batch; the checkpoint is kept", err=True)
    for run in reversed(runs):  # those that wait come first: one of them would start when the present one ends
        if executor.state(run).state in ACTIVE:
            executor.stop(run)


def _executor() -> LocalExecutor:
    from allcore.runs.executor import LocalExecutor
    from allcore.workspace import open_workspace

    return LocalExecutor(open_workspace())


def _with_protocol(data: Path, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with the split that the dataset's folders make, unless another is asked for; both are said."""
    from allcore.data.layout import find_layout

    if not find_layout(data).has_parts:
        return fields
    asked = fields.get("split.protocol", "folders")
    if asked == "folders":
        say("the dataset's folders divide it into parts; --split random and others divide it anew", err=True)
    else:
        say(f"the parts that the dataset's folders make are not kept: --split {asked} divides it anew", err=True)
    return {**fields, "split.protocol": asked}


def _submit(executor: LocalExecutor, config: TrainConfig) -> Run:
    with progress_bar("reading the dataset") as progress:
        run = executor.submit(config, progress)
    if config.split.protocol == "folders" and (twins := int(run.split.twins_in_train().sum())):
        say(f"{twins} validation or test images share a group with an image in train; scores flatter", err=True)
    return run


def _named(run: Run) -> dict[str, str]:
    return {"run": run.id, "folder": str(run.folder)}


def _announce(runs: list[Run]) -> None:
    for run in runs:
        say(run.id)
    say(f"follow with: python -m allcore runs watch {runs[0].id}", err=True)
