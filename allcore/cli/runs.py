"""`runs list`, `show`, `watch`, `stop`, `resume`, `delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.output import Json, duration, notes, out, per_cent, print_json, table
from allcore.errors import RunError

if TYPE_CHECKING:
    from allcore.runs.executor import LocalExecutor
    from allcore.runs.store import Run

app = typer.Typer(help="Runs: list, show, watch, stop, resume, delete.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="RUN", help="a run's id, an unambiguous part of it, or `latest`")]


@app.command("list")
def list_runs(json: Json = False) -> None:
    """List all runs, newest first."""
    rows = [_summary(run) for run in _executor().store.runs()]
    if json:
        print_json(rows)
        return
    if not rows:
        out.print("no runs yet; start one with: python -m allcore train --data DIR")
        return
    table(
        "",
        ["run", "state", "#epochs", "#px", "split", "#best validation %", "note"],
        [
            (
                row["run"], row["state"], f"{row.get('epoch', '–')}/{row.get('epochs', '–')}", row.get("image_size"),
                row.get("split"), per_cent(row.get("best_validation_accuracy")), row["note"],
            )
            for row in rows
        ],
    )  # fmt: skip


@app.command()
def show(name: Name, json: Json = False) -> None:
    """Show a run's state, configuration and history."""
    run = _executor().store.find(name)
    status, history = run.status(), run.history()
    if json:
        print_json(
            {
                "run": run.id,
                "folder": str(run.folder),
                "status": status.model_dump(mode="json"),
                "config": run.config.model_dump(mode="json"),
                "environment": run.environment(),
                "epochs": history.epochs.to_dict("records"),
            }
        )
        return
    out.print(f"{run.id}: {status.state} {status.error}\n{run.folder}\n{status.device}")
    for warning in status.warnings:
        out.print(f"warning: {warning}")
    changed = run.config.model_dump(mode="json")
    table("", ["setting", "value"], [(name, value) for name, value in changed.items()])
    columns = ["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "seconds"]
    if len(history.epochs):
        shown = history.epochs[columns].assign(epoch=history.epochs["epoch"] + 1)
        table(
            "",
            [f"#{column.replace('_', ' ')}" for column in columns],
            [[f"{v:.5g}" for v in r] for r in shown.to_numpy()],
        )


@app.command()
def watch(name: Name) -> None:
    """Follow a run until it ends; Ctrl-C ends the watching, not the run."""
    from allcore.cli.follow import follow

    executor = _executor()
    run = executor.store.find(name)
    try:
        status = follow(run, executor)
    except KeyboardInterrupt:
        notes.print(f"run {run.id} goes on")
        return
    out.print(f"run {run.id} is {status.state} {status.error}".rstrip())


@app.command()
def stop(name: Name) -> None:
    """Stop a run at its next batch, keeping its checkpoint."""
    executor = _executor()
    run = executor.store.find(name)
    executor.stop(run)
    out.print(f"run {run.id} is {run.status().state}")


@app.command()
def resume(
    name: Name, background: Annotated[bool, typer.Option("--background", help="return at once")] = False
) -> None:
    """Go on with a stopped, failed or interrupted run from its last checkpoint."""
    from allcore.cli.train import finish

    executor = _executor()
    run = executor.store.find(name)
    executor.resume(run)
    if background:
        out.print(run.id)
        return
    raise typer.Exit(finish(run, executor, json=False))


@app.command()
def delete(name: Name) -> None:
    """Delete a run's folder and everything in it."""
    store = _executor().store
    run = store.find(name)
    store.delete(run)
    out.print(f"run {run.id} is deleted")


def _executor() -> LocalExecutor:
    from allcore.runs.executor import LocalExecutor
    from allcore.workspace import open_workspace

    return LocalExecutor(open_workspace())


def _summary(run: Run) -> dict[str, Any]:
    try:
        status, config, epochs = run.status(), run.config, run.history().epochs
    except RunError as error:
        return {"run": run.id, "state": "damaged", "note": str(error)}
    best = epochs["validation_accuracy"].max() if len(epochs) else None
    return {
        "run": run.id,
        "state": status.state,
        "epoch": status.epoch,
        "epochs": status.epochs,
        "image_size": config.image_size,
        "split": config.split.protocol,
        "sweep": config.sweep,
        "best_validation_accuracy": best,
        "note": status.error or (f"ETA {duration(status.eta_seconds)}" if status.eta_seconds else ""),
    }
