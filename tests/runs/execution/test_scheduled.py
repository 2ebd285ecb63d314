"""What is recorded of a scheduler's words; this one says what a test wants, tests/cluster has real ones."""

import pytest

from allcore.errors import ConfigError, RunError
from allcore.runs.execution import executor, scheduled
from allcore.runs.execution.scheduled import Word
from allcore.runs.folder.launches import claim_launch, last_launch
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import write_status
from allcore.training import worker
from tests.runs.scheduler import Scheduler, begun, launched_before, marked_long_ago, marks, written_before

pytestmark = pytest.mark.usefixtures("looks_at_once")


def test_run_is_queued_with_the_schedulers_reason_until_its_job_is_over(workspace, launch):
    scheduler = Scheduler(workspace)
    run = launch(scheduler)
    assert (run.status().state, marks(scheduler)) == ("queued", [run.id])
    scheduler.look()
    assert run.status().phase == "Slurm job 7: pending, Resources"
    scheduler.said["7"] = Word("over", "its machine failed")
    scheduler.look()
    assert (run.status().state, run.status().error) == ("interrupted", "Slurm job 7: its machine failed")
    assert marks(scheduler) == []


FORGETFUL = {"8": Word("running", "")}


def test_job_that_nobody_knows_any_more_is_over_and_silence_changes_nothing(workspace, launch):
    scheduler = Scheduler(workspace)
    run = launch(scheduler)
    Scheduler(workspace, said=None).look()
    assert run.status().state == "queued"
    Scheduler(workspace, said=FORGETFUL).look()
    assert run.status().state == "queued"  # it may not have taken it yet
    launched_before(run, 100)
    Scheduler(workspace, said=FORGETFUL).look()
    assert "does not know it any more" in run.status().error


def test_worker_that_is_heard_outlives_a_scheduler_that_was_set_up_anew(workspace, given_a_machine):
    scheduler = Scheduler(workspace)
    run = given_a_machine(scheduler)
    begun(run, heard=10)
    Scheduler(workspace, said=FORGETFUL).look()
    assert (run.status().state, marks(scheduler)) == ("running", [run.id])
    begun(run, heard=100)
    launched_before(run, 100)
    Scheduler(workspace, said=FORGETFUL).look()
    assert (run.status().state, marks(scheduler)) == ("interrupted", [])
    assert "does not know it any more: resume the run" in run.status().error


def test_word_that_says_nothing_lets_the_last_one_stand_until_the_worker_is_silent(workspace, given_a_machine):
    scheduler = Scheduler(workspace)
    run = given_a_machine(scheduler)
    begun(run, heard=10)
    scheduler.said["7"] = Word("unclear", "something_new")
    scheduler.look()
    assert (run.status().state, last_launch(run.folder).state) == ("running", "running")
    begun(run, heard=1000)
    scheduler.look()
    assert (run.status().state, last_launch(run.folder).word) == ("interrupted", "Slurm job 7: something_new")
    assert marks(scheduler) == [run.id]  # it is asked about again


def test_run_can_be_resumed_where_neither_its_scheduler_nor_its_worker_is_heard(workspace, given_a_machine):
    scheduler = Scheduler(workspace)
    run = given_a_machine(scheduler)
    begun(run, heard=1000)
    assert run.status().state == "running"  # suspended, by the scheduler's last word
    Scheduler(workspace, said=None).look()
    assert run.status().state == "interrupted"
    scheduler.look()  # it answers again
    assert run.status().state == "running"


@pytest.mark.parametrize(("stopped", "launches", "state"), [(False, 2, "queued"), (True, 1, "cancelled")])
def test_run_whose_job_waited_too_long_for_the_scheduler_waits_on(workspace, launch, stopped, launches, state):
    scheduler = Scheduler(workspace)
    run = launch(scheduler)
    if stopped:
        scheduler.after_request(run)
    scheduler.said["7"] = Word("untried", "it waited longer than a day")
    scheduler.look()
    assert (last_launch(run.folder).number, run.status().state) == (launches, state)
    assert marks(scheduler) == ([] if stopped else [run.id])


def test_run_that_is_submitted_again_is_queued_all_the_while(workspace, launch, monkeypatch):
    scheduler, states = Scheduler(workspace), []
    run = launch(scheduler)

    def seen(owner, name):
        deed = getattr(owner, name)

        def done(*arguments):
            states.append(run.status().state)
            made = deed(*arguments)
            states.append(run.status().state)
            return made

        monkeypatch.setattr(owner, name, done)

    seen(Scheduler, "check")
    seen(Scheduler, "submit_job")
    seen(executor, "claim_launch")
    seen(executor, "write_status")
    seen(scheduled, "record_launch")
    scheduler.said["7"] = Word("untried", "it waited longer than a day")
    written_before(run.folder / "status.json", 90_000)
    scheduler.look()
    assert (set(states), last_launch(run.folder).number) == ({"queued"}, 2)
    assert len(states) == 10


def test_run_that_cannot_be_submitted_again_for_a_moment_waits_and_says_why(workspace, launch, monkeypatch):
    scheduler = Scheduler(workspace)
    run = launch(scheduler)

    def refuse(self, config):
        raise ConfigError("the cluster does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(Scheduler, "check", refuse)
        scheduler.said["7"] = Word("untried", "it waited longer than a day")
        scheduler.look()
    assert (run.status().state, marks(scheduler)) == ("queued", [run.id])
    assert run.status().phase.endswith("than a day; it cannot be submitted again now: the cluster does not answer")
    scheduler.look()
    assert (last_launch(run.folder).number, run.status().state) == (2, "queued")


def test_run_that_the_scheduler_refuses_to_take_again_is_interrupted_with_its_reason(workspace, launch):
    run = launch(Scheduler(workspace))
    scheduler = Scheduler(workspace, said={"7": Word("untried", "it waited longer than a day")}, refuses=True)
    scheduler.look()
    assert (run.status().state, run.status().error) == ("interrupted", "no such partition")
    assert marks(scheduler) == []


def test_waiting_run_is_stopped_without_a_worker(workspace, launch):
    scheduler = Scheduler(workspace)
    run = launch(scheduler)
    scheduler.after_request(run)
    assert run.status().state == "cancelled"


def test_waiting_run_is_stopped_and_deleted_where_its_scheduler_never_answers_again(workspace, launch):
    run, gone = launch(Scheduler(workspace)), Scheduler(workspace, said=None)
    gone.stop(run, patience=0.0)
    assert run.status().state == "cancelled"
    assert worker.run_worker(run.folder, 1) == 0  # should its job begin after all
    assert run.status().state == "cancelled"
    gone.store.delete(run)
    assert not run.folder.exists()


def test_run_that_the_scheduler_refuses_is_interrupted_with_its_reason(workspace, launch):
    scheduler = Scheduler(workspace, refuses=True)
    with pytest.raises(RunError, match="no such partition"):
        launch(scheduler)
    (run,) = scheduler.store.runs()
    assert (run.status().state, run.status().error) == ("interrupted", "no such partition")
    assert marks(scheduler) == []
    assert worker.run_worker(run.folder, 1) == worker.SUPERSEDED  # should there be a job after all


def test_job_whose_name_cannot_be_recorded_is_cancelled(workspace, launch, monkeypatch):
    scheduler = Scheduler(workspace)

    def refuse(folder, launch):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scheduled, "record_launch", refuse)
    with pytest.raises(OSError, match="No space left"):
        launch(scheduler)
    assert scheduler.said["7"] == Word("over", "cancelled")


def test_marks_of_runs_that_were_deleted_or_went_elsewhere_are_forgotten(workspace, launch):
    scheduler = Scheduler(workspace)
    deleted, moved = launch(scheduler), launch(scheduler)
    write_status(deleted.folder, deleted.status().model_copy(update={"state": "cancelled"}))
    scheduler.store.delete(deleted)
    claim_launch(moved.folder, "local", last_launch(moved.folder))
    scheduler.look()
    assert set(marks(scheduler)) == {deleted.id, moved.id}  # a file server shows launches late
    marked_long_ago(scheduler)
    scheduler.look()
    assert marks(scheduler) == []


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "queued", "running"])
def test_job_that_is_queued_again_trains_where_its_run_has_not_ended(workspace, launch, monkeypatch, state):
    trained = []
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(worker, "_train", lambda *_: trained.append(True) or 0)
    run = launch(Scheduler(workspace))
    write_status(run.folder, run.status().model_copy(update={"state": state}))
    assert worker.run_worker(run.folder, 1) == 0
    assert bool(trained) == (state in ACTIVE)
    assert run.status().state == ("queued" if trained else state)


def test_run_that_has_ended_is_queued_before_it_is_launched_again(workspace, launch, monkeypatch):
    monkeypatch.setattr("allcore.runs.execution.preflight.require_training", lambda: None)
    scheduler = Scheduler(workspace)
    run, seen = launch(scheduler), []
    write_status(run.folder, run.status().model_copy(update={"state": "cancelled"}))
    monkeypatch.setattr(Scheduler, "submit_job", lambda self, run, launch: seen.append(run.status().state) or "8")
    scheduler.resume(run)
    assert seen == ["queued"]
