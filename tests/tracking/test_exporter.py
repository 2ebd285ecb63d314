"""The exporter beside a run, catching up after an outage, and `mlflow sync`."""

import os

import pytest

from allcore.config import make_config
from allcore.errors import TrackingError
from allcore.runs.execution.mirroring import start_mirroring
from allcore.runs.folder.files import MIRRORED_FILE
from allcore.runs.folder.launches import Launch
from allcore.runs.folder.turns import take_turn
from allcore.studies.plan import make_plan
from allcore.studies.store import StudyStore
from allcore.tracking import exporter
from allcore.tracking.exporter import catch_up, follow
from allcore.tracking.mirror import mirror
from tests.cli.conftest import call
from tests.tracking.conftest import batch, report, rest


@pytest.fixture
def at_once(monkeypatch):
    """Let the exporter not wait, and do something else instead: what is put into the list, in turn."""
    meanwhile = []

    def sleep(_):
        meanwhile.pop(0)()

    monkeypatch.setattr(exporter.time, "sleep", sleep)
    monkeypatch.setattr(exporter.os, "nice", lambda _: 0)
    return meanwhile


def statuses(stand_in):
    return {run["tags"]["allscope.run"]: run["info"]["status"] for run in stand_in.runs.values()}


def test_a_run_is_followed_to_its_end(make_run, stand_in, workspace, at_once):
    run = make_run()
    at_once += [lambda: report(run, batch(1)), lambda: rest(run)]
    assert follow(run.folder, workspace) == 0
    assert statuses(stand_in) == {run.id: "KILLED"}
    assert at_once == []


def test_the_exporter_of_a_worker_whose_run_another_one_has_ends(make_run, stand_in, workspace, at_once):
    run = make_run()
    take_turn(run.folder, Launch(number=1))
    at_once += [lambda: None, lambda: take_turn(run.folder, Launch(number=1))]
    assert follow(run.folder, workspace) == 0
    assert statuses(stand_in) == {run.id: "RUNNING"}
    assert at_once == []


def test_an_outage_is_said_once_and_ends(make_run, stand_in, workspace, at_once, capfd):
    run = make_run()
    stand_in.fails = {"runs/create": (503, b"")}
    at_once += [lambda: None, lambda: None, lambda: rest(run), stand_in.fails.clear]
    assert follow(run.folder, workspace) == 0
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1
    assert "503" in said[0]
    assert "python -m allcore mlflow sync" in said[0]
    assert statuses(stand_in) == {run.id: "KILLED"}


def test_patience_ends_when_the_run_has_long_ended(make_run, stand_in, workspace, at_once, monkeypatch):
    run = make_run()
    rest(run)
    stand_in.fails = {"runs/create": (503, b"")}
    monkeypatch.setattr(exporter, "_PATIENCE", 0.0)
    at_once += [lambda: None] * 3
    assert follow(run.folder, workspace) == 1
    assert (run.folder / MIRRORED_FILE).exists()


def test_the_next_exporter_sends_what_an_outage_left_and_nothing_that_was_never_begun(
    make_run, stand_in, server, workspace, at_once
):
    former, never, run = make_run(), make_run(), make_run()
    rest(former)
    rest(never)
    stand_in.fails = {"runs/create": (503, b"")}
    with pytest.raises(TrackingError):
        mirror(former, server, workspace)
    stand_in.fails = {}
    rest(run, "failed")
    assert follow(run.folder, workspace) == 0
    assert statuses(stand_in) == {run.id: "FAILED", former.id: "KILLED"}
    assert never.id not in statuses(stand_in)


@pytest.fixture
def left_behind(make_run, stand_in, server, workspace):
    """Return what makes a run that has ended and whose server did not answer."""

    def leave():
        run = make_run()
        rest(run)
        stand_in.fails = {"runs/create": (503, b"")}
        with pytest.raises(TrackingError):
            mirror(run, server, workspace)
        stand_in.fails = {}
        return run

    return leave


def test_what_others_left_is_sent_while_the_run_goes_on_and_not_while_its_job_waits_to_end(
    make_run, stand_in, workspace, at_once, left_behind
):
    former, run, later = left_behind(), make_run(), []

    def end():
        assert statuses(stand_in) == {run.id: "RUNNING", former.id: "KILLED"}
        later.append(left_behind())
        rest(run)

    at_once.append(end)
    assert follow(run.folder, workspace) == 0
    assert statuses(stand_in) == {run.id: "KILLED", former.id: "KILLED"}
    assert later


def test_of_many_exporters_one_looks_at_all_runs_within_ten_minutes(
    make_run, stand_in, workspace, at_once, left_behind
):
    first, second, third = make_run(), make_run(), make_run()
    for run in (first, second, third):
        rest(run)
    assert follow(first.folder, workspace) == 0
    former = left_behind()
    assert follow(second.folder, workspace) == 0
    assert former.id not in statuses(stand_in)
    (mark,) = (workspace.runs / ".queue").glob("mlflow*")
    os.utime(mark, (mark.stat().st_mtime - 601,) * 2)
    assert follow(third.folder, workspace) == 0
    assert statuses(stand_in)[former.id] == "KILLED"


def test_a_studys_exporter_sends_what_its_members_left_however_lately_another_one_looked(
    make_run, stand_in, workspace, at_once, left_behind
):
    member = make_run()
    rest(member)
    assert follow(member.folder, workspace) == 0
    former = left_behind()
    plan = make_plan(name="sizes", config=make_config(dataset="smears"), seeds=(0,), vary={"image_size": [64, 96]})
    assert follow(StudyStore(workspace.studies).create(plan).folder, workspace) == 0
    assert [
        run["info"]["status"] for run in stand_in.runs.values() if run["tags"].get("allscope.run") == former.id
    ] == ["KILLED"]


def test_a_studys_exporter_tries_again_where_the_server_goes_away_during_its_look(
    make_run, stand_in, workspace, at_once, left_behind, monkeypatch
):
    former, look, looks = left_behind(), exporter.catch_up, []

    def goes_away_at_first(server, workspace):
        looks.append(1)
        if len(looks) == 1:
            raise TrackingError("the server does not answer")
        return look(server, workspace)

    monkeypatch.setattr(exporter, "catch_up", goes_away_at_first)
    at_once.append(lambda: None)
    plan = make_plan(name="sizes", config=make_config(dataset="smears"), seeds=(0,), vary={"image_size": [64, 96]})
    assert follow(StudyStore(workspace.studies).create(plan).folder, workspace) == 0
    assert former.id in {run["tags"].get("allscope.run") for run in stand_in.runs.values()}


def test_a_look_for_another_server_counts_for_that_one_alone(make_run, stand_in, workspace, at_once, left_behind):
    elsewhere = workspace.runs / ".queue" / "mlflow-0123456789abcdef.looked"
    elsewhere.parent.mkdir(parents=True, exist_ok=True)
    former, run = left_behind(), make_run()
    elsewhere.touch()
    rest(run)
    assert follow(run.folder, workspace) == 0
    assert statuses(stand_in)[former.id] == "KILLED"


def test_after_an_outage_the_next_exporter_looks_at_once(make_run, stand_in, workspace, at_once, monkeypatch):
    first, lost, last = make_run(), make_run(), make_run()
    for run in (first, lost, last):
        rest(run)
    assert follow(first.folder, workspace) == 0
    with monkeypatch.context() as patch:
        patch.setattr(exporter, "_PATIENCE", 0.0)
        stand_in.fails = {"runs/create": (503, b"")}
        at_once += [lambda: None] * 3
        assert follow(lost.folder, workspace) == 1
    stand_in.fails = {}
    assert follow(last.folder, workspace) == 0
    assert statuses(stand_in)[lost.id] == "KILLED"


def test_a_run_that_is_deleted_meanwhile_ends_its_exporter(make_run, stand_in, workspace, at_once, capfd):
    from shutil import rmtree

    run = make_run()
    at_once.append(lambda: rmtree(run.folder))
    assert follow(run.folder, workspace) == 1
    assert f"MLflow: nothing more is mirrored: run {run.id} has no status.json" in capfd.readouterr().err


def test_an_address_that_is_none_is_said_and_ends_it(make_run, workspace, monkeypatch, at_once, capfd):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///x.db")
    assert follow(make_run().folder, workspace) == 1
    assert "nothing is mirrored" in capfd.readouterr().err


def test_without_the_variable_nothing_is_started(make_run, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert start_mirroring(make_run().folder) is None


def test_a_damaged_run_does_not_keep_others_from_being_sent(make_run, stand_in, server, workspace):
    whole, damaged = make_run(), make_run()
    rest(whole)
    (damaged.folder / "status.json").write_text("{")
    found = dict(catch_up(server, workspace, [damaged, whole]))
    assert (found[whole], "status.json" in found[damaged]) == ("", True)


def test_sync_sends_all_runs_and_says_what_was_there(make_run, stand_in, workspace):
    first, second = make_run(), make_run()
    rest(first)
    rest(second)
    assert f"{first.id}: sent" in call(workspace.root, "mlflow", "sync", first.id).out
    outcome = call(workspace.root, "mlflow", "sync")
    assert outcome.out == (f"{second.id}: sent\n1 of 2 runs sent to {stand_in.address}, 1 were there already\n")
    stand_in.fails = {"experiments/get-by-name": (503, b"")}
    rest(make_run())
    assert call(workspace.root, "mlflow", "sync").code == 2


def test_sync_leaves_out_what_waits_for_its_first_start_and_says_so(make_run, stand_in, workspace):
    waiting, resumed = make_run(), make_run()
    rest(resumed, "queued", started=1000.0)
    outcome = call(workspace.root, "mlflow", "sync")
    assert statuses(stand_in) == {resumed.id: "RUNNING"}
    assert outcome.out.splitlines()[-1] == (
        f"1 of 2 runs sent to {stand_in.address}, 0 were there already, 1 wait for their first start"
    )
    assert waiting.id not in outcome.out


def test_a_run_that_is_shown_says_where_its_mirror_is_or_what_keeps_it_back(make_run, stand_in, server, workspace):
    run = make_run()
    rest(run)
    stand_in.fails = {"runs/create": (503, b"")}
    with pytest.raises(TrackingError):
        mirror(run, server, workspace)
    assert f"MLflow: {stand_in.address} refuses (503" in call(workspace.root, "runs", "show", run.id).out
    stand_in.fails = {}
    record = mirror(run, server, workspace)
    page = f"{stand_in.address}/#/experiments/1/runs/{record.run}"
    assert f"MLflow: {page}\n" in call(workspace.root, "runs", "show", run.id).out
    assert call(workspace.root, "runs", "show", run.id, "--json").json["mlflow"] == {"page": page, "problem": ""}


def test_sync_without_a_server_says_which_variable_names_one(workspace):
    assert "MLFLOW_TRACKING_URI is not set" in call(workspace.root, "mlflow", "sync").err
