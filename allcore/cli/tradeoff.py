"""`tradeoff`: what image size buys and what it costs, and which runs differ."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from allcore.cli.kit.output import Json, print_json, say, table
from allcore.number_text import duration, per_cent, percentage, percentages

if TYPE_CHECKING:
    from allcore.evaluation.tradeoff.record import TradeoffRecord
    from allcore.runs.folder.store import Run, RunStore
    from allcore.studies.out_of_fold import UnwrittenError
    from allcore.studies.plan import StudyPlan
    from allcore.studies.store import Study
    from allcore.workspace import Workspace


def tradeoff(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[STUDY|RUN…]", help="a study or runs; unset: the newest study")
    ] = None,
    latency: Annotated[bool, typer.Option("--latency", help="time one image through each served model")] = False,
    example: Annotated[bool, typer.Option("--example", help="the measured study that comes with ALLscope")] = False,
    json: Json = False,
) -> None:
    """Print the record of a study, of runs or of the example."""
    from allcore.errors import InputError
    from allcore.evaluation.tradeoff.record import EXAMPLE, read_tradeoff, record_tradeoff
    from allcore.runs.folder.store import RunStore
    from allcore.workspace import open_workspace

    if example and (names or latency):
        raise InputError("--example shows what was measured before; it takes neither runs nor --latency")
    workspace = open_workspace()
    if example:
        record = read_tradeoff(EXAMPLE)
    else:
        from allcore.studies.out_of_fold import full_name, model_of

        store = RunStore(workspace.runs)
        found = _folds_of(names or [], store)
        with ExitStack() as room:
            if found is None:
                runs, served = _runs(store, names or [], room), partial(model_of, runs=workspace.runs)
                record = record_tradeoff(runs, workspace.cache, served, full_name, timed=latency)
            else:
                record = _of_folds(*found, workspace, latency, room)
    if json:
        print_json(record.model_dump(mode="json"))
    else:
        _print_tradeoff(record)


def _print_tradeoff(record: TradeoffRecord) -> None:
    """Print a record as tables and words."""
    from allcore.evaluation.tradeoff.points import point_names
    from allcore.reporting.comparison import not_compared, p_value, pairs_in_words
    from allcore.reporting.studies.wording import verdicts_in_words
    from allcore.reporting.tradeoff import differently_tested

    called = point_names(record.points)
    rows = [
        (
            called[point.run], point.epochs, percentage(point.accuracy),
            percentages((point.accuracy_low, point.accuracy_high)), duration(point.training_seconds),
            _scaled(point.latency_seconds, 1e3, 1), _scaled(point.memory_bytes, 1e-9, 2),
            f"{point.parameters / 1e6:.1f}", point.test_images, point.dataset, point.split, point.run,
        )
        for point in record.points
    ]  # fmt: skip
    costs = ["#training", "#time for one image (ms)", "#memory (GB)", "#parameters (millions)"]
    table(["size", "#epochs", "#accuracy %", "#95 % interval", *costs, "#test images", "dataset", "split", "run"], rows)
    if otherwise := differently_tested(record.points):
        say(f"\n{otherwise}")
    if len(record.tests):
        say()
        tests = [
            (
                f"{row['first']} – {row['second']}", percentage(row["difference"], sign="+"),
                percentages((row["low"], row["high"]), sign="+"), row["only_first"], row["only_second"],
                p_value(row["p_holm"]),
            )
            for row in record.tests
        ]  # fmt: skip
        table(["pair", "#difference", "#95 % interval", "#first alone", "#second alone", "#p (Holm)"], tests)
        said = verdicts_in_words(record.differences) if record.differences else [pairs_in_words(record.pairs)]
        say("\n" + "\n".join(said))
    if left_out := not_compared(len(record.tests), len(record.points)):
        say(left_out)
    if record.shortcuts:
        best_first = sorted(record.shortcuts.items(), key=lambda item: -item[1])
        say("shortcuts: " + ", ".join(f"{name} {per_cent(accuracy)}" for name, accuracy in best_first))
    say(f"on {'; '.join(record.devices)}")


def _runs(store: RunStore, names: list[str], room: ExitStack) -> list[Run]:
    from allcore.errors import InputError
    from allcore.evaluation.tradeoff.points import runs_of_studies
    from allcore.runs.folder.states import in_words

    every = store.runs()
    by_name = runs_of_studies(every)
    if not names and not by_name:
        raise InputError("no study in this workspace; name runs, carry out a study (`study run`), or see --example")
    wanted = names or [next(iter(by_name))]
    by_name |= {name: _comparable(name, every, room) or by_name[name] for name in wanted if name in by_name}
    found = [run for name in wanted for run in by_name.get(name) or [store.find(name)]]
    succeeded = [run for run in dict.fromkeys(found) if run.status().state == "succeeded"]
    for run in found:
        if run not in succeeded:
            say(f"run {run.id} is {in_words(run.status().state)}, and left out", err=True)
    if not succeeded:
        raise InputError("none of these runs has succeeded; wait for them (`runs watch`) or name others")
    return succeeded


def _comparable(name: str, every: list[Run], room: ExitStack) -> list[Run]:
    """Return what of a study can be compared; nothing where it has no plan, as one of former times."""
    from allcore.studies.out_of_fold import UnwrittenError, comparable_runs

    study = _study(name)
    if study is None:
        return []
    plan, members = study.plan(), study.members(every)
    try:
        return comparable_runs(study, plan, members)
    except UnwrittenError as error:
        return comparable_runs(_passing(study, error, room), plan, members)


def _folds_of(names: list[str], store: RunStore) -> tuple[Study, StudyPlan, dict[str, Run]] | None:
    """Return the study with its plan and members where one with folds alone is meant, of which a member succeeded."""
    from allcore.evaluation.tradeoff.points import runs_of_studies
    from allcore.studies.results import finished_members

    every = store.runs()
    wanted = names or list(runs_of_studies(every))[:1]
    study = _study(wanted[0]) if len(wanted) == 1 else None
    if study is None or not (plan := study.plan()).folds:
        return None
    members = study.members(every)
    return (study, plan, members) if finished_members(plan, members) else None


def _of_folds(
    study: Study, plan: StudyPlan, members: dict[str, Run], workspace: Workspace, timed: bool, room: ExitStack
) -> TradeoffRecord:
    """Return the record of a study with folds, also where its out-of-fold predictions cannot be kept in its folder."""
    from allcore.studies.out_of_fold import UnwrittenError
    from allcore.studies.tradeoff import study_tradeoff

    try:
        return study_tradeoff(study, plan, members, workspace.runs, workspace.cache, timed=timed)
    except UnwrittenError as error:
        passing = _passing(study, error, room)
        return study_tradeoff(passing, plan, members, workspace.runs, workspace.cache, timed=timed)


def _passing(study: Study, error: UnwrittenError, room: ExitStack) -> Study:
    """Return a study in a folder that is there until `room` is left, and say why its own does not keep them."""
    try:
        folder = Path(room.enter_context(TemporaryDirectory()))
    except OSError:
        raise error from None
    say(f"{error}; they are compared all the same, and not kept", err=True)
    return replace(study, folder=folder / study.name)


def _study(name: str) -> Study | None:
    from allcore.studies.store import StudyStore
    from allcore.workspace import open_workspace

    return {study.name: study for study in StudyStore(open_workspace().studies).studies()}.get(name)


def _scaled(value: float | None, factor: float, digits: int) -> str:
    return "–" if value is None else f"{value * factor:.{digits}f}"
