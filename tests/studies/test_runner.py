"""Carrying out a study: each member once, whatever happens in between."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from allcore.errors import ConfigError, RunError
from allcore.runs.folder.files import STOP_FILE
from allcore.runs.folder.launches import claim_launch
from allcore.runs.folder.status import Status, read_status, write_status
from allcore.runs.folder.trash import delete_folder
from allcore.runs.folder.worker_lock import worker_lock
from allcore.studies.runner import run_study
from allcore.studies.store import Study, StudyStore
from allcore.workspace import Workspace
from tests.studies.conftest import LEFT, Instantly, set_state

PLACES = [f"image_size={size} fold={fold} seed=0" for fold in (1, 2) for size in (32, 48)]


def places_of_runs(study, executor):
    """Return the places of all runs, each as often as it has runs."""
    return sorted(run.config.place for run in executor.store.runs())


def test_every_member_is_trained_once_in_the_order_of_the_plan(study, executor):
    assert run_study(study.folder, executor) == 0
    assert executor.launched == PLACES
    assert study.status().state == "succeeded"


def test_all_members_for_which_there_is_room_are_launched_from_one_look(study, executor, monkeypatch):
    looks, members = [], Study.members
    monkeypatch.setattr(Study, "members", lambda self, runs: looks.append(len(runs)) or members(self, runs))
    monkeypatch.setattr(type(executor), "at_once", lambda self, config: 3)
    run_study(study.folder, executor)
    assert sorted(executor.launched[:3]) == sorted(PLACES[:3])
    assert executor.launched[3:] == PLACES[3:]
    assert looks == [0, 3, 4]


def test_a_whole_study_is_left_as_it_is(study, executor):
    run_study(study.folder, executor)
    assert run_study(study.folder, executor) == 0
    assert executor.launched == PLACES


def test_a_failed_member_is_named_and_alone_tried_again(study, executor):
    failing = replace(executor, ends=lambda place: "failed" if place == PLACES[1] else "succeeded")
    assert run_study(study.folder, failing) == 1
    status = study.status()
    assert status.state == "failed"
    assert status.error.startswith(f"1 member did not succeed ({PLACES[1]}: run ")
    executor.launched.clear()
    assert run_study(study.folder, executor) == 0
    assert executor.launched == [PLACES[1]]
    assert places_of_runs(study, executor) == sorted(PLACES)


def test_a_member_that_cannot_be_launched_is_named_and_the_others_are_trained(study, executor):
    (executor.workspace.root / "runs").mkdir()
    refused = replace(executor)

    def submit(config, on_progress=None, look=None):
        if config.place == PLACES[0]:
            raise OSError(28, "No space left on device")
        return executor.submit(config)

    object.__setattr__(refused, "submit", submit)
    assert run_study(study.folder, refused) == 1
    assert f"{PLACES[0]}: the disk is full (No space left on device); free some space" in study.status().error
    assert executor.launched == PLACES[1:]


def test_a_member_that_needs_what_this_machine_has_not_is_named_and_the_others_are_trained(
    study, executor, monkeypatch
):
    def at_once(self, config):
        if config.place == PLACES[1]:
            raise ConfigError("devices: 2 GPUs were asked for, and this machine has 0 for runs")
        return 1

    monkeypatch.setattr(Instantly, "at_once", at_once)
    assert run_study(study.folder, executor) == 1
    assert executor.launched == [PLACES[0], *PLACES[2:]]
    assert f"1 member did not succeed ({PLACES[1]}: devices: 2 GPUs were asked for" in study.status().error


def test_why_a_member_cannot_be_resumed_is_said(study, executor):
    run_study(study.folder, replace(executor, ends=lambda place: "failed" if place == PLACES[1] else "succeeded"))

    def resume(run):
        raise RunError("the dataset is gone")

    object.__setattr__(executor, "resume", resume)
    assert run_study(study.folder, executor) == 1
    assert f"1 member did not succeed ({PLACES[1]}: the dataset is gone)" in study.status().error


def test_a_member_that_is_deleted_while_its_study_goes_on_is_named(study, executor):
    def ends(place):
        if place == PLACES[1]:
            (first,) = [run for run in executor.store.runs() if run.config.place == PLACES[0]]
            executor.store.delete(first)
        return "succeeded"

    assert run_study(study.folder, replace(executor, ends=ends)) == 1
    assert executor.launched == PLACES
    error = f"1 member did not succeed ({PLACES[0]}: its run was deleted); resume the study to try again"
    assert study.status().error == error
    executor.launched.clear()
    assert run_study(study.folder, executor) == 0
    assert executor.launched == [PLACES[0]]


@pytest.mark.parametrize("after", range(1, 6))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_study_killed_at_any_launch_and_resumed_has_one_run_at_each_place(study, executor, after, when):
    class Killed(BaseException):
        """What no handler of the runner's catches: it is gone, as after SIGKILL."""

    launches = []

    def ends(place):
        launches.append(place)
        if len(launches) == after and when == "before":  # the run is made, and its worker not yet started
            raise Killed
        if len(launches) == after:
            set_state(next(run for run in executor.store.runs() if run.config.place == place), "succeeded")
            raise Killed
        return "succeeded"

    killed = replace(executor, ends=ends)
    try:
        run_study(study.folder, killed)
    except Killed:
        for run in executor.store.runs():
            if run.status().state == "queued":  # nobody came for it
                set_state(run, "interrupted", pid=None)
    run_study(study.folder, executor)
    assert places_of_runs(study, executor) == sorted(PLACES)
    assert {run.status().state for run in executor.store.runs()} == {"succeeded"}
    assert study.status().state == "succeeded"


def test_a_member_that_goes_on_by_itself_is_waited_for_and_not_launched_again(study, plan, executor, monkeypatch):
    going_on = executor.store.create(plan.places[2].config, executor.split)
    set_state(going_on, "running")
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        set_state(going_on, "succeeded")

    monkeypatch.setattr("allcore.studies.runner.time.sleep", sleep)
    assert run_study(study.folder, executor) == 0
    assert len(looks) == 1
    assert executor.launched == [PLACES[0], PLACES[1], PLACES[3]]


def test_a_member_that_slurm_has_lost_is_tried_again_by_a_study_whose_executor_is_another(
    study, plan, executor, lost_by_slurm, monkeypatch
):
    lost = executor.store.create(plan.places[2].config, executor.split)
    set_state(lost, "running")
    lost_by_slurm(lost)
    looks = iter(range(3))
    its_time = SimpleNamespace(sleep=lambda seconds: next(looks), monotonic=time.monotonic, time=time.time)
    monkeypatch.setattr("allcore.studies.runner.time", its_time)
    assert run_study(study.folder, executor) == 0
    assert sorted(executor.launched) == sorted(PLACES)
    assert places_of_runs(study, executor) == sorted(PLACES)


def test_a_study_extended_while_it_goes_on_takes_in_what_is_new(study, plan, executor):
    store = StudyStore(study.folder.parent)

    def ends(place):
        store.change(study, study.plan(), plan.extended(folds=[3]))
        return "succeeded"

    assert run_study(study.folder, replace(executor, ends=ends)) == 0
    assert len(executor.launched) == 6
    assert executor.launched[:4] == PLACES


def test_a_study_that_is_asked_to_stop_launches_nothing_more_and_goes_on_when_resumed(study, executor):
    def ends(place):
        (study.folder / STOP_FILE).touch()
        return "cancelled"

    assert run_study(study.folder, replace(executor, ends=ends)) == 0
    assert (study.status().state, executor.launched) == ("cancelled", PLACES[:1])
    assert not (study.folder / STOP_FILE).exists()
    assert run_study(study.folder, executor) == 0
    assert executor.launched == [PLACES[0], *PLACES]


def test_nobody_else_carries_out_a_study_that_is_being_carried_out(study, executor, capsys, monkeypatch):
    monkeypatch.setattr("allcore.studies.only_process._LOOKED_AT_SECONDS", 0.0)
    with worker_lock(study.folder):
        assert run_study(study.folder, executor) == 2
    assert executor.launched == []
    assert "is being carried out already" in capsys.readouterr().err


@pytest.mark.parametrize("launch", [None, 1])
def test_a_study_that_was_deleted_before_its_process_began_leaves_nothing(study, executor, capsys, launch):
    delete_folder(study.folder, "the study")
    assert run_study(study.folder, executor, launch) == 2
    assert "sizes was deleted" in capsys.readouterr().err
    assert not study.folder.exists()


def test_whoever_looks_whether_a_study_is_carried_out_keeps_nobody_from_it(study, executor, monkeypatch):
    looking = worker_lock(study.folder).acquire()
    monkeypatch.setattr("filelock._api.time.sleep", lambda seconds: looking.lock.release())
    assert run_study(study.folder, executor) == 0


def test_a_runner_that_is_gone_reads_as_interrupted(study):
    write_status(study.folder, Status(state="running", pid=2**22 + 1, process_started="x", heartbeat=0, queued_at=0))
    assert read_status(study.folder).state == "interrupted"


@pytest.mark.parametrize("keeps", [True, False])
def test_a_finished_member_keeps_what_its_scores_are_made_of_and_its_model_where_wanted(study, plan, executor, keeps):
    StudyStore(study.folder.parent).change(study, plan, plan.model_copy(update={"keep_models": keeps}))
    run_study(study.folder, executor)
    for run in executor.store.runs():
        left = {name for name in LEFT if (run.folder / name).exists()}
        assert left == {"predictions.parquet", "metrics.jsonl"} | ({"model.onnx"} if keeps else set())
        assert not (run.folder / "checkpoints").exists()
        assert (run.folder / "split.csv").exists()


def test_a_member_that_is_a_link_into_another_workspace_keeps_all_that_it_has(study, executor, split, tmp_path):
    theirs = Instantly(Workspace(tmp_path / "theirs"), split)
    run = theirs.submit(study.plan().places[0].config)
    executor.store.root.mkdir()
    (executor.store.root / run.id).symlink_to(run.folder)
    StudyStore(study.folder.parent).change(study, study.plan(), study.plan().model_copy(update={"keep_models": False}))
    assert run_study(study.folder, executor) == 0
    assert executor.launched == PLACES[1:]
    assert {*LEFT, "checkpoints"} <= {path.name for path in run.folder.iterdir()}


def test_a_member_that_failed_in_another_workspace_is_trained_in_the_study_s_own(study, executor, split, tmp_path):
    theirs = Instantly(Workspace(tmp_path / "theirs"), split, ends=lambda place: "failed")
    run = theirs.submit(study.plan().places[0].config)
    executor.store.root.mkdir()
    (executor.store.root / run.id).symlink_to(run.folder)
    assert run_study(study.folder, executor) == 0
    assert executor.launched == PLACES
    assert (run.status().state, theirs.store.runs()) == ("failed", [run])


def test_a_study_that_was_started_goes_on_despite_the_lock_of_a_machine_that_is_lost(study, executor, monkeypatch):
    monkeypatch.setattr("allcore.studies.only_process._LOOKED_AT_SECONDS", 0.0)
    claim_launch(study.folder, "local", None)
    with worker_lock(study.folder):
        assert run_study(study.folder, executor, launch=1) == 0
    assert (executor.launched, study.status().state) == (PLACES, "succeeded")
