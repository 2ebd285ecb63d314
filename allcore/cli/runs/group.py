"""`runs list`, `show`, `compare`, `name`, `note`, `tag`, `hide`, `watch`, `stop`, `resume`, `delete`, `prune`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from allcore.cli.kit.arguments import RunName
from allcore.cli.kit.confirm_deletion import ask_before_deleting
from allcore.cli.kit.opening import the_executor
from allcore.cli.kit.output import Json, json_rows, print_json, say, table
from allcore.cli.runs.about import hide, name_run, note, tag
from allcore.number_text import duration, percentage

if TYPE_CHECKING:
    from allcore.config import TrainConfig
    from allcore.runs.folder.history import History
    from allcore.runs.folder.store import Run

app = typer.Typer()


@app.command("list")
def list_runs(
    json: Json = False,
    everything: Annotated[bool, typer.Option("--all", help="also the runs that are hidden")] = False,
    tag: Annotated[str | None, typer.Option("--tag", help="only the runs with this tag")] = None,
    find: Annotated[
        str,
        typer.Option(
            "--find",
            help="only the runs in whose id, name, note, tags, state, dataset, variant and study these words are",
        ),
    ] = "",
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            help="by a heading of the table (so `note` is a person's), or by a key of --json: numbers from the "
            "largest, words from A, what is unknown or empty last",
        ),
    ] = None,
) -> None:
    """List the runs, newest first."""
    from allcore.cli.runs.table import print_runs, sorted_runs
    from allcore.runs.execution.ask_schedulers import ask_schedulers
    from allcore.runs.listing import list_runs as all_runs
    from allcore.runs.summary import summary_rows
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    ask_schedulers(workspace)
    found = all_runs(workspace)
    listed = [one for one in found if everything or not one.hidden]
    shown = [one for one in listed if (tag is None or tag in one.tags) and one.says(find)]
    rows = sorted_runs(summary_rows(shown), sort)
    if json:
        print_json(rows)
        return
    if found and not rows:
        say("no run is shown" if listed else "no run is shown; runs list --all lists those that are hidden")
        return
    if not rows:
        say("no runs yet; start one with: python -m allcore train --data DIR")
        return
    print_runs(rows)


@app.command()
def show(name: RunName, json: Json = False) -> None:
    """Show a run's state, configuration and history."""
    from allcore.runs.execution.ask_schedulers import ask_schedulers
    from allcore.runs.folder.about import about
    from allcore.runs.folder.states import in_words
    from allcore.tracking.record import read_mirrored

    executor = the_executor()
    ask_schedulers(executor.workspace)
    run = executor.store.find(name)
    status, config, history, said = run.status(), run.config, run.history(), about(run)
    mirrored = read_mirrored(run.folder)
    if json:
        print_json(
            {
                "run": run.id,
                "about": said.model_dump(mode="json"),
                "folder": str(run.folder),
                "status": status.model_dump(mode="json"),
                "config": config.model_dump(mode="json"),
                "environment": run.environment(),
                "mlflow": None if mirrored is None else {"page": mirrored.page, "problem": mirrored.problem},
                "epochs": json_rows(history.epochs),
            }
        )
        return
    say(f"{run.id}{f' ({said.name})' if said.name else ''}", bold=True)
    for line in filter(None, (", ".join(said.tags), said.note)):
        say(line)
    say("\n".join(line for line in (in_words(status.state), status.error, status.device, str(run.folder)) if line))
    for warning in status.warnings:
        say(f"warning: {warning}")
    if mirrored is not None:
        say(f"MLflow: {mirrored.problem or mirrored.page}")
    say()
    _print_settings(config)
    if len(history.epochs):
        say()
        _print_epochs(history)


@app.command()
def compare(
    names: Annotated[list[str], typer.Argument(metavar="RUN…", help="two runs or more")], json: Json = False
) -> None:
    """Show the settings of several runs side by side, those that differ first."""
    from allcore.errors import RunError
    from allcore.reporting.settings import compared_settings

    store = the_executor().store
    configs = {run.id: run.config for run in map(store.find, names)}
    if len(configs) < 2:
        raise RunError("expected two different runs or more; `runs list` shows those that are")
    rows = compared_settings(configs)
    if json:
        print_json(json_rows(rows))
        return
    differing = int(rows["differs"].sum())
    say(f"{differing} of {len(rows)} settings differ\n")
    marked = rows.assign(differs=rows["differs"].map({True: "*", False: ""}))
    table(["setting", "", *configs], marked.to_numpy().tolist())


app.command("name")(name_run)
app.command()(note)
app.command()(tag)
app.command()(hide)


@app.command()
def watch(name: RunName) -> None:
    """Follow a run until it ends; Ctrl-C ends the watching, not the run. Exit status 1 unless the run succeeded."""
    from allcore.cli.kit.follow_run import follow
    from allcore.runs.folder.states import in_words

    executor = the_executor()
    run = executor.store.find(name)
    try:
        status = follow(run, executor.workspace)
    except KeyboardInterrupt:
        say(f"run {run.id} goes on", err=True)
        return
    say(f"run {run.id} is {in_words(status.state)}{f': {status.error}' if status.error else ''}")
    if status.state != "succeeded":
        raise typer.Exit(1)


@app.command()
def stop(name: RunName) -> None:
    """Stop a run at its next batch, keeping its checkpoint."""
    from allcore.runs.execution.choose_executor import executor_of
    from allcore.runs.folder.states import in_words

    executor = the_executor()
    run = executor.store.find(name)
    executor_of(run, executor.workspace).stop(run)
    say(f"run {run.id} is {in_words(run.status().state)}")


@app.command()
def resume(
    name: RunName, background: Annotated[bool, typer.Option("--background", help="return at once")] = False
) -> None:
    """Resume a stopped, failed or interrupted run from its last checkpoint."""
    from functools import partial

    from allcore.cli.kit.evaluation_text import print_evaluation
    from allcore.cli.train import finish
    from allcore.runs.execution import choose_executor

    executor = the_executor()
    run = executor.store.find(name)
    choose_executor.resume(run, executor)
    if background:
        say(run.id)
        return
    raise typer.Exit(finish(run, executor.workspace, partial(print_evaluation, json=False)))


@app.command()
def delete(
    name: RunName,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask when RUN is only a part of the id")] = False,
) -> None:
    """Delete a run's folder and everything in it; if the folder is a link, only the link."""
    from allcore.runs.execution.ask_schedulers import ask_schedulers

    executor = the_executor()
    ask_schedulers(executor.workspace)
    store = executor.store
    run = store.find(name)
    if name != run.id and not yes:
        _make_sure(name, run)
    linked = run.folder.readlink() if run.folder.is_symlink() else None
    store.delete(run)
    say(f"run {run.id} is deleted" if linked is None else f"the link {run.id} is removed; {linked} is as it was")


@app.command()
def prune(
    yes: Annotated[bool, typer.Option("--yes", help="remove it; without this it is only named")] = False,
    json: Json = False,
) -> None:
    """Name, and with --yes remove, what nobody needs or is made again when needed; runs and their results stay."""
    from allcore.number_text import memory
    from allcore.runs.prune import remove, superfluous
    from allcore.workspace import open_workspace

    found = superfluous(open_workspace())
    total = sum(each.bytes for each in found)
    freed = remove(found) if yes else 0
    if json:
        listed = [{"path": str(each.path), "what": each.what, "bytes": each.bytes} for each in found]
        print_json({"bytes": total, "freed": freed, "superfluous": listed})
    elif not found:
        say("there is nothing that can be removed")
    else:
        table(["#size", "path", "what it is"], [(memory(each.bytes), each.path, each.what) for each in found])
        say()
        can = f"{memory(total)} can be freed: python -m allcore runs prune --yes"
        say(f"{memory(freed)} are free again" if yes else can)


def _make_sure(name: str, run: Run) -> None:
    """Ask whether the run that a part of an id means is to go. Raises `RunError` where nobody can be asked."""
    from allcore.errors import RunError

    unasked = RunError(f"{name!r} means run {run.id}; to delete it give its whole id, or --yes")
    ask_before_deleting(f"delete run {run.id}?", unasked)


def _print_settings(config: TrainConfig) -> None:
    from allcore.reporting.settings import settings_table

    table(["setting", "value", "paper, where it differs"], settings_table(config).to_numpy().tolist())


def _print_epochs(history: History) -> None:
    table(
        ["#epoch", "#loss", "#accuracy %", "#validation loss", "#validation accuracy %", "#time"],
        [
            (
                int(row["epoch"]) + 1, f"{row['loss']:.4f}", percentage(row["accuracy"]),
                f"{row['validation_loss']:.4f}", percentage(row["validation_accuracy"]), duration(row["seconds"]),
            )
            for _, row in history.epochs.iterrows()
        ],
    )  # fmt: skip
