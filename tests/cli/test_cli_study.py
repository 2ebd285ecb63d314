"""`study`: what is refused, what a plan says, and a study that real processes carry out."""

import json
import time

import pytest
import typer

from allcore.cli.study.follow import go_on
from allcore.evaluation.shortcuts import BASELINES
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.worker_lock import has_worker
from allcore.studies.launch import resolved_plan, stop_study
from allcore.studies.store import StudyStore
from tests.conftest import device_taken
from tests.studies.conftest import set_state

OPTIONS = ["--weights=random", "--head=gap", "--dense-units=64", "--batch-size=8", "--epochs=500", "--split=grouped"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("--vary image_size=64,16", "image_size: input should be greater than or equal to 32 (received '16')"),
        ("--vary image_size=64 --vary image-size=96", "each setting once, with all of its values (received image_size"),
        ("--vary colour=1", "vary: expected a setting and its values, as image_size=64,96 (received 'colour=1')"),
        ("--seeds 0,0", "seeds: expected whole numbers, each once, as 0,1,2 or 1-5 (received '0,0')"),
        ("--folds 3 --only-folds 4", "folds: expected some of the split's 3 folds (received [4])"),
        ("--folds 3 --only-folds=", "only-folds: expected whole numbers, each once, as 0,1,2 or 1-5 (received '')"),
        ("--name=", "name: expected up to 80 letters, digits, - _ and . (received '')"),
        ("--folds 20 --split grouped", "cannot be in each of 20 folds"),
        ("--name a/b", "name: expected up to 80 letters"),
        ("--plan --background", "--plan launches nothing that could go on in the background; leave one out"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused_before_anything_is_made(command, workspace, smears, typed, message):
    outcome = command("study", "run", "--data", smears, "--weights", "random", *typed.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert not workspace.studies.exists()
    assert not workspace.runs.exists()


def test_a_study_is_not_extended_by_one_setting_twice(command, study_of):
    study = study_of(done=1, vary={"image_size": [32]})
    twice = ("--vary", "image_size=48", "--vary", "image_size=64")
    refused = command("study", "resume", study.name, *twice, "--background")
    assert refused.code == 2
    assert "vary: expected each setting once" in refused.err
    assert study.plan().vary == {"image_size": [32]}


@pytest.mark.parametrize("option", ["seeds", "only-folds"])
def test_a_study_is_not_extended_by_an_empty_text(command, study_of, monkeypatch, option):
    monkeypatch.setattr("allcore.studies.launch.start_study", None)
    refused = command("study", "resume", study_of(done=1).name, f"--{option}", "", "--background")
    assert (refused.code, refused.out) == (2, "")
    assert f"{option}: expected whole numbers" in refused.err


def test_of_two_extensions_at_a_time_the_later_one_is_refused(command, workspace, study_of, monkeypatch):
    study = study_of(done=1)

    def meanwhile(plan, *_):
        StudyStore(workspace.studies).change(study, study.plan(), study.plan().extended(seeds=[2]))
        return plan

    monkeypatch.setattr("allcore.studies.launch.resolved_plan", meanwhile)
    monkeypatch.setattr("allcore.studies.launch.start_study", None)
    refused = command("study", "resume", "seeds", "--seeds", "3", "--background")
    assert (refused.code, refused.out) == (2, "")
    assert "study seeds was extended meanwhile" in refused.err
    assert study.plan().seeds == (0, 1, 2)


def test_show_and_list_tell_how_far_a_study_is(command, study_of):
    study_of(done=1)
    shown = command("study", "show", "seeds", "--json").json
    assert shown["counts"] == {"succeeded": 1, "missing": 1}
    assert shown["progress"] == pytest.approx(0.5)
    assert shown["eta_seconds"] > 0
    (listed,) = command("study", "list", "--json").json
    assert (listed["study"], listed["members"], listed["succeeded"]) == ("seeds", 2, 1)
    assert "seed=1" in command("study", "show", "seeds").out


def test_json_names_settings_by_the_keys_that_scripts_know(command, study_of):
    study_of(done=2, model=True, vary={"image_size": [32]})
    report, shown = (
        command("study", *asked, "seeds", "--json").json for asked in (("report", "--complete"), ("show",))
    )
    members = [each["cell"] for each in shown["members"]]
    assert members == ["image_size=32"] * 2
    for found in (report, shown):
        assert [each["cell"] for each in (*found["cells"], *found["probes"])] == ["image_size=32"] * 2
        assert {each["cell"] for each in found["baselines"]} == {baseline.name for baseline in BASELINES}
        assert '"setting' not in json.dumps(found)
    assert list(report["cells"][0]) == [
        "cell", "members", "succeeded", "images", "spreads", "pooled", "intervals", "interval_method", "classes",
        "confusion_matrix", "training_seconds", "memory_bytes", "parameters", "latency_seconds",
    ]  # fmt: skip
    assert list(report["probes"][0]) == ["cell", "members", "without_model", "probes", "evidence_in_cells"]


def test_a_whole_study_has_nothing_to_resume(command, study_of):
    study_of(done=2)
    outcome = command("study", "resume", "seeds")
    assert outcome.code == 2
    assert "every member of study seeds has succeeded" in outcome.err


def test_a_whole_study_is_not_extended_by_a_file_that_it_has_by_another_name(
    command, workspace, study_of, groups_of, tmp_path, monkeypatch
):
    study = study_of(done=2, vary={"split.groups": [groups_of(tmp_path / "patients.csv")]})
    StudyStore(workspace.studies).change(study, study.plan(), resolved_plan(study.plan(), workspace))
    monkeypatch.setattr("allcore.studies.launch.start_study", None)
    monkeypatch.chdir(tmp_path)
    outcome = command("study", "resume", "seeds", "--vary", "groups=patients.csv")
    assert outcome.code == 2
    assert "every member of study seeds has succeeded" in outcome.err


@pytest.mark.parametrize(("done", "code"), [(1, 1), (2, 0)])
def test_who_follows_a_study_hears_of_each_member_once_and_ends_with_whether_all_succeeded(
    workspace, study_of, monkeypatch, capsys, done, code
):
    study = study_of(done)
    set_state(study, "running")
    sleeps = iter(["running", "succeeded"])
    monkeypatch.setattr(time, "sleep", lambda _: set_state(study, next(sleeps)))
    with pytest.raises(typer.Exit) as ended:
        go_on(study, workspace, background=False, json=False)
    assert ended.value.exit_code == code
    out, err = capsys.readouterr()
    members = study.members(LocalExecutor(workspace).store.runs())
    assert len(members) == done
    assert [err.count(f"succeeded (run {run.id})") for run in members.values()] == [1] * done
    assert "seed=1" in out
    assert next(sleeps, None) is None  # it looked three times


def test_who_follows_a_study_with_json_gets_what_show_says_and_nothing_else(workspace, study_of, command, capsys):
    study = study_of(1)
    set_state(study, "succeeded")
    with pytest.raises(typer.Exit):
        go_on(study, workspace, background=False, json=True)
    assert json.loads(capsys.readouterr().out) == command("study", "show", study.name, "--json").json


def test_who_follows_a_study_and_interrupts_stops_it(workspace, study_of, monkeypatch, capsys):
    study, stopped = study_of(1), []

    def interrupt(_):
        raise KeyboardInterrupt

    set_state(study, "running")
    monkeypatch.setattr(time, "sleep", interrupt)
    monkeypatch.setattr("allcore.studies.launch.stop_study", lambda study, _: stopped.append(study.name))
    with pytest.raises(typer.Exit) as ended:
        go_on(study, workspace, background=False, json=False)
    assert (ended.value.exit_code, stopped) == (1, ["seeds"])
    assert "the checkpoint is kept" in capsys.readouterr().err


@pytest.mark.process
def test_a_study_queues_one_run_at_a_time_stops_with_it_and_is_resumed_with_the_same(command, workspace, smears):
    executor = LocalExecutor(workspace)
    with device_taken(workspace):
        launch = ["study", "run", "--data", smears, *OPTIONS, "--image-size=32", "--folds=3", "--name=folds"]
        assert command(*launch, "--background", "--json").json["study"] == "folds"
        study = StudyStore(workspace.studies).find("folds")
        first = _queued(executor)
        assert command("study", "resume", "folds").code == 2  # it is being carried out
        assert "is stopped" in command("study", "stop", "folds").out
        assert not has_worker(study.folder)
        assert first.status().state == "cancelled"
        command("study", "resume", "folds", "--seeds", "1", "--background")
        try:
            again = _queued(executor)
            assert again.id == first.id
            assert len(study.plan().places) == 6
        finally:
            stop_study(study, workspace)
    assert json.loads((study.folder / "study.json").read_text())["seeds"] == [0, 1]


def _queued(executor):
    """Return the only run, once its worker waits for the device."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        runs = executor.store.runs()
        if runs and runs[0].status().phase == "waiting for the device" and runs[0].status().state in ACTIVE:
            (run,) = runs
            return run
        time.sleep(0.05)
    pytest.fail("no run came to wait for the device")
