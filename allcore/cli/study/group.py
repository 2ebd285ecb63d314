"""`study run`, `list`, `show`, `resume`, `stop`, `report`, `delete`: many runs of one configuration, as one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.kit.confirm_deletion import ask_before_deleting
from allcore.cli.kit.options import config_from, with_config_options
from allcore.cli.kit.output import Json, print_json, progress_bar, say, table
from allcore.cli.study.follow import current_grid, go_on
from allcore.cli.study.report import Name, report
from allcore.cli.study.text import grid_json, plan_json, say_grid, say_plan
from allcore.cli.train import Data, Preset, say_parted_groups, with_protocol
from allcore.number_text import duration, percentage
from allcore.text import counted

if TYPE_CHECKING:
    from allcore.studies.estimate import StudyEstimate
    from allcore.studies.plan import StudyPlan
    from allcore.studies.store import StudyStore
    from allcore.workspace import Workspace

app = typer.Typer()
app.command()(report)
_Vary = Annotated[
    list[str] | None,
    typer.Option("--vary", help="a setting and its values: image_size=64,96,128; may be repeated for other settings"),
]
Background = Annotated[bool, typer.Option("--background", help="return at once; `study show` tells how it goes")]


@app.command("run")
@with_config_options(leave_out=frozenset({"seed", "split.seed", "split.fold"}))
def run_study(
    data: Data,
    fields: dict[str, Any],
    preset: Preset = "paper",
    name: Annotated[str | None, typer.Option("--name", help="what to call it; unset: study- and the time")] = None,
    vary: _Vary = None,
    seeds: Annotated[str, typer.Option("--seeds", help="seeds of training and of the split: 0,1,2 or 0-2")] = "0",
    only_folds: Annotated[
        str | None, typer.Option("--only-folds", help="some of the --folds, as 1,2; the others may follow later")
    ] = None,
    keep_models: Annotated[
        bool, typer.Option("--keep-models/--no-keep-models", help="keep the served model of each run")
    ] = True,
    measure: Annotated[bool, typer.Option("--measure", help="train a few steps first, to know the time")] = False,
    plan_only: Annotated[bool, typer.Option("--plan", help="show what it would take, and launch nothing")] = False,
    background: Background = False,
    json: Json = False,
) -> None:
    """Train a run for each combination of seeds, folds and varied settings, as many at a time as devices take."""
    from allcore.errors import InputError
    from allcore.runs.execution.preflight import require_training
    from allcore.studies.launch import resolved_plan, start_study
    from allcore.studies.plan import make_plan, parse_numbers, parse_varied
    from allcore.studies.store import StudyStore

    if plan_only and background:
        raise InputError("--plan launches nothing that could go on in the background; leave one out")
    if not plan_only:
        require_training()
    workspace = _workspace()
    config = config_from(data, preset, fields)
    varied = parse_varied(vary or (), config)
    if "split.protocol" not in varied:  # else each member has one that was asked for
        config = config_from(data, preset, with_protocol(data, fields))
    of = config.split.folds
    folds = list(range(1, (of or 0) + 1)) if only_folds is None else parse_numbers(only_folds, "only-folds")
    plan = make_plan(
        name=f"study-{datetime.now(UTC):%Y%m%d-%H%M%S}" if name is None else name,
        config=config,
        seeds=parse_numbers(seeds, "seeds"),
        folds=folds,
        vary=varied,
        keep_models=keep_models,
    )
    say_parted_groups(place.config.split for place in plan.places)
    with progress_bar("reading the dataset") as progress:
        plan = resolved_plan(plan, workspace, progress)
    estimated = _estimate(plan, workspace, measure)
    say_plan(plan, estimated)
    if plan_only:
        if json:
            print_json(plan_json(plan, estimated))
        return
    study = StudyStore(workspace.studies).create(plan)
    start_study(study, workspace)
    go_on(study, workspace, background, json)


@app.command("list")
def list_studies(json: Json = False) -> None:
    """List all studies, newest first."""
    from allcore.errors import RunError
    from allcore.runs.execution.ask_schedulers import ask_schedulers
    from allcore.runs.folder.states import in_words
    from allcore.runs.folder.store import RunStore
    from allcore.studies.grid import read_grid

    workspace = _workspace()
    rows: list[dict[str, Any]] = []
    ask_schedulers(workspace)
    runs = RunStore(workspace.runs).runs()
    for study in _studies().studies():
        try:
            grid = read_grid(study, study.plan(), runs)
            rows.append(
                {
                    "study": study.name, "state": grid.state, "members": len(grid.members),
                    "succeeded": grid.counts["succeeded"], "progress": grid.progress,
                    "eta_seconds": grid.eta_seconds if grid.is_active else None, "note": grid.error,
                }
            )  # fmt: skip
        except RunError as error:
            rows.append({"study": study.name, "state": "damaged", "note": str(error)})
    if json:
        print_json(rows)
    elif not rows:
        say("no studies yet; start one with: python -m allcore study run --data DIR --vary image_size=64,96 --folds 5")
    else:
        table(
            ["study", "state", "#members", "#done %", "ETA", "what went wrong"],
            [
                (
                    row["study"], in_words(row["state"]), f"{row.get('succeeded', '–')}/{row.get('members', '–')}",
                    percentage(row.get("progress")), duration(row.get("eta_seconds")), row["note"],
                )
                for row in rows
            ],
        )  # fmt: skip


@app.command()
def show(name: Name, json: Json = False) -> None:
    """Show a study's grid: the state of every member, and the time that is left for all of them."""
    workspace, study = _workspace(), _studies().find(name)
    grid = current_grid(study, workspace)
    if json:
        print_json(grid_json(grid, study, workspace))
        return
    say_grid(grid)


@app.command()
def resume(
    name: Name,
    seeds: Annotated[str | None, typer.Option("--seeds", help="more seeds, beside those that are there")] = None,
    only_folds: Annotated[str | None, typer.Option("--only-folds", help="more of the folds")] = None,
    vary: _Vary = None,
    background: Background = False,
    json: Json = False,
) -> None:
    """Go on with what is missing or did not succeed; with more seeds, folds or values, extend the study first."""
    from allcore.errors import RunError
    from allcore.runs.execution.preflight import require_training
    from allcore.studies.launch import is_carried_out, resolved_plan, start_study
    from allcore.studies.plan import parse_numbers, parse_varied

    workspace, store = _workspace(), _studies()
    study = store.find(name)
    require_training()
    plan = study.plan()
    more = plan.extended(
        () if seeds is None else parse_numbers(seeds, "seeds"),
        () if only_folds is None else parse_numbers(only_folds, "only-folds"),
        parse_varied(vary or (), plan.config),
    )
    if more != plan:
        with progress_bar("reading the dataset") as progress:
            more = resolved_plan(more, workspace, progress, study)
    if more != plan:
        store.change(study, plan, more)
        say(f"study {study.name} has {more.members} members now, {plan.members} before", err=True)
    elif is_carried_out(study):
        raise RunError(f"study {study.name} is being carried out; there is nothing to resume")
    elif current_grid(study, workspace).is_whole:
        raise RunError(f"every member of study {study.name} has succeeded; --seeds, --only-folds and --vary extend it")
    start_study(study, workspace)
    go_on(study, workspace, background, json)


@app.command()
def stop(name: Name) -> None:
    """Stop a study: its members under way stop at their next batch and keep their checkpoints."""
    from allcore.runs.folder.states import in_words
    from allcore.studies.launch import stop_study

    study = _studies().find(name)
    stop_study(study, _workspace())
    state = in_words(study.status().state)
    say(f"study {study.name} is {state}; go on with: python -m allcore study resume {study.name}")


@app.command()
def delete(
    name: Name,
    with_runs: Annotated[bool, typer.Option("--runs", help="its runs as well, with their models; asks first")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask, also when STUDY is only a part of the name")] = False,
) -> None:
    """Delete a study's plan and results; its runs stay as ordinary runs, unless --runs deletes them as well."""
    from allcore.errors import RunError
    from allcore.runs.execution.ask_schedulers import ask_schedulers
    from allcore.studies.deletion import check_at_rest, delete_study, runs_of

    workspace, study = _workspace(), _studies().find(name)
    ask_schedulers(workspace)
    runs = runs_of(study, workspace)
    check_at_rest(study, runs)
    what = f"study {study.name}" + (f" with its {counted(len(runs), 'run')}" if with_runs and runs else "")
    if not yes and (with_runs or name != study.name):
        ask_before_deleting(f"delete {what}?", RunError(f"this would delete {what}; to do so give --yes"))
    delete_study(study, workspace, with_runs=with_runs)
    stay = f"; {counted(len(runs), 'run stays', 'runs stay')}" if runs and not with_runs else ""
    say(f"{what} is deleted{stay}")


def _estimate(plan: StudyPlan, workspace: Workspace, measured: bool) -> StudyEstimate:
    from allcore.config import TrainConfig
    from allcore.hardware import system_devices
    from allcore.runs.estimate import Speed, estimate, former_speed
    from allcore.runs.execution.choose_executor import open_executor
    from allcore.runs.execution.preflight import prepare
    from allcore.runs.folder.store import RunStore
    from allcore.runs.measure import measure
    from allcore.studies.estimate import estimate_study

    devices, runs = system_devices(), RunStore(workspace.runs).runs()
    _, split = prepare(plan.places[0].config, workspace.cache, judgements=workspace.judgements)

    def speed(config: TrainConfig) -> Speed | None:
        if measured:
            return measure(config, workspace).speed()
        return former_speed(config, estimate(config, split, devices, None).plan.description, runs)

    return estimate_study(plan, split, devices, speed, open_executor(workspace).at_once, workspace.runs)


def _studies() -> StudyStore:
    from allcore.studies.store import StudyStore

    return StudyStore(_workspace().studies)


def _workspace() -> Workspace:
    from allcore.workspace import open_workspace

    return open_workspace()
