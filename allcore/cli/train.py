"""`train`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.dataset.judge import say_labels
from allcore.cli.kit.evaluation_text import print_evaluation
from allcore.cli.kit.opening import the_executor
from allcore.cli.kit.options import config_from, presets_help, with_config_options
from allcore.cli.kit.output import Json, print_json, progress_bar, say
from allcore.cli.train_plan import show_plan
from allcore.errors import InputError
from allcore.text import counted
from allcore.workspace import open_workspace

if TYPE_CHECKING:
    from allcore.config import TrainConfig
    from allcore.config_parts import SplitConfig
    from allcore.evaluation.predictions.evaluation import Evaluation
    from allcore.runs.execution.executor import Executor
    from allcore.runs.folder.store import Run
    from allcore.workspace import Workspace

Data = Annotated[Path, typer.Option("--data", help="dataset folder, with one subfolder per class or per variant")]
Preset = Annotated[str, typer.Option("--preset", help=f"settings to begin with: {presets_help()}")]
Background = Annotated[bool, typer.Option("--background", help="return at once; `runs watch` follows")]


@with_config_options()
def train(
    data: Data,
    fields: dict[str, Any],
    preset: Preset = "paper",
    background: Background = False,
    plan_only: Annotated[bool, typer.Option("--plan", help="show what it would take, and launch nothing")] = False,
    measure: Annotated[bool, typer.Option("--measure", help="with --plan: train a few steps to know the time")] = False,
    json: Json = False,
) -> None:
    """Submit the run that the options describe, and follow it, or say its name."""
    if plan_only and background:
        raise InputError("background: --plan launches nothing; give one of the two")
    if measure and not plan_only:
        raise InputError("measure: it is for --plan; give --plan as well")
    config = config_from(data, preset, with_protocol(data, fields))
    say_parted_groups([config.split])
    if plan_only:
        show_plan(config, open_workspace(), measured=measure, json=json)
        return
    executor = the_executor()
    run = _submit(executor, config)
    if background and json:
        print_json(_named(run))
    elif background:
        _announce(run)
    else:
        say(f"run {run.id}", err=True)
        raise typer.Exit(finish(run, executor.workspace, partial(print_evaluation, json=json)))


def finish(run: Run, workspace: Workspace, show: Callable[[Evaluation], None]) -> int:
    """Follow a run to its end, show its test scores, and return the exit status; Ctrl-C stops it."""
    from allcore.cli.kit.follow_run import follow
    from allcore.evaluation.predictions.evaluate_model import evaluate_run
    from allcore.runs.execution.choose_executor import executor_of
    from allcore.runs.folder.states import in_words

    try:
        status = follow(run, workspace)
    except KeyboardInterrupt:
        say("stopping at the next batch; the checkpoint is kept", err=True)
        executor = executor_of(run, workspace)
        executor.stop(run)
        status = executor.state(run)
    if status.state == "succeeded":
        show(evaluate_run(run, "test"))
        return 0
    say(f"run {run.id} is {in_words(status.state)}: {status.error or f'its folder is {run.folder}'}", err=True)
    say(f"go on with: python -m allcore runs resume {run.id}", err=True)
    return 1


def with_protocol(data: Path, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with the split that the dataset's folders make, unless another is asked for; both are said."""
    from allcore.data.folder.layout import find_layout

    if not find_layout(data).has_parts:
        return fields
    asked = fields.get("split.protocol", "folders")
    if asked == "folders":
        say("the dataset's folders divide it into parts; --split random and others divide it again", err=True)
    else:
        say(f"the parts that the dataset's folders make are not kept: --split {asked} divides it again", err=True)
    return {**fields, "split.protocol": asked}


def say_parted_groups(splits: Iterable[SplitConfig]) -> None:
    """Say of each protocol that does not keep the groups of its table together that it does not."""
    for protocol, groups in dict.fromkeys((split.protocol, split.groups) for split in splits if split.parts_groups):
        say(
            f"--split {protocol} does not keep the groups of {groups} together: the table is only used to count twins; "
            "--split grouped and --split patient keep them",
            err=True,
        )


def _submit(executor: Executor, config: TrainConfig) -> Run:
    with progress_bar("reading the dataset") as progress:
        run = executor.submit(config, progress)
    say_labels(run.config)
    if config.split.protocol == "folders" and (twins := int(run.split.twins_in_train().sum())):
        share = counted(twins, "validation or test image shares", "validation or test images share")
        say(f"{share} a group with an image in train; scores may flatter", err=True)
    return run


def _named(run: Run) -> dict[str, str]:
    return {"run": run.id, "folder": str(run.folder)}


def _announce(run: Run) -> None:
    say(run.id)
    say(f"follow with: python -m allcore runs watch {run.id}", err=True)
