"""`train` and `sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.options import config_from, with_config_options
from allcore.cli.output import Json, notes, out, print_json, progress_bar
from allcore.errors import ConfigError

if TYPE_CHECKING:
    from allcore.config import TrainConfig
    from allcore.runs.executor import LocalExecutor
    from allcore.runs.store import Run

Data = Annotated[Path, typer.Option("--data", help="dataset folder: class folders, or variants of them")]
Preset = Annotated[str, typer.Option("--preset", help="paper, or quick (96 px, 4 epochs)")]
Background = Annotated[bool, typer.Option("--background", help="return at once; `runs watch` follows")]


@with_config_options()
def train(
    data: Data, fields: dict[str, Any], preset: Preset = "paper", background: Background = False, json: Json = False
) -> None:
    """Train the modified VGG16 in a worker process and show how it goes; the defaults are the paper's."""
    executor = _executor()
    config = config_from(data, preset, fields)
    run = _submit(executor, config)
    if background:
        _announce([run], json)
        return
    notes.print(f"run {run.id}")
    raise typer.Exit(finish(run, executor, json))


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
    from datetime import UTC, datetime

    executor = _executor()
    name = f"sweep-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    configs = [config_from(data, preset, {**fields, "image_size": size}, sweep=name) for size in _parse_sizes(sizes)]
    runs = [_submit(executor, config) for config in configs]
    if background:
        _announce(runs, json)
        return
    notes.print(f"{name}: {len(runs)} runs")
    raise typer.Exit(max(finish(run, executor, json) for run in runs))


def _executor() -> LocalExecutor:
    from allcore.runs.executor import LocalExecutor
    from allcore.workspace import open_workspace

    return LocalExecutor(open_workspace())


def _submit(executor: LocalExecutor, config: TrainConfig) -> Run:
    with progress_bar("reading the dataset") as progress:
        return executor.submit(config, progress)


def _announce(runs: list[Run], json: bool) -> None:
    if json:
        print_json([{"run": run.id, "folder": str(run.folder)} for run in runs])
        return
    for run in runs:
        out.print(run.id)
    notes.print(f"follow with: python -m allcore runs watch {runs[0].id}")


def finish(run: Run, executor: LocalExecutor, json: bool) -> int:
    """Follow a run to its end, stopping it on Ctrl-C, and return the exit status."""
    from allcore.cli.follow import follow

    try:
        status = follow(run, executor)
    except KeyboardInterrupt:
        notes.print("stopping at the next batch; the checkpoint is kept")
        executor.stop(run)
        status = executor.state(run)
    if status.state == "succeeded":
        from allcore.cli.evaluate import print_run_scores

        print_run_scores(run, json)
        return 0
    reason = status.error or f"its folder is {run.folder}"
    notes.print(f"run {run.id} is {status.state}: {reason}")
    if status.state != "failed":
        notes.print(f"go on with: python -m allcore runs resume {run.id}")
    return 1


def _parse_sizes(text: str) -> list[int]:
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(
            f"sizes: expected whole numbers separated by commas, as 300,250,224 (received {text!r})"
        ) from None
    if len(set(sizes)) != len(sizes):
        raise ConfigError(f"sizes: each size once (received {text!r})")
    return sizes
