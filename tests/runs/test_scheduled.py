"""What is recorded of a scheduler's words; this one says what a test wants, tests/cluster has real ones."""

import os
import time
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from allcore.config_parts import SplitConfig
from allcore.data.split import make_split
from allcore.errors import RunError
from allcore.runs import asking, scheduled
from allcore.runs.launches import claim_launch, last_launch
from allcore.runs.scheduled import ScheduledExecutor, Word
from allcore.runs.states import ACTIVE
from allcore.runs.status import write_status
from allcore.training import worker
from tests.data.rows import images


@dataclass(frozen=True)
class Scheduler(ScheduledExecutor):
    """Knows of each job what a test put there; None instead: it does not answer."""

    said: dict[str, Word] | None = field(default_factory=dict)
    refuses: bool = False
    name: ClassVar[str] = "slurm"

    def check(self, config):
        """Take any configuration."""

    def submit_job(self, run, launch):
        if self.refuses:
            raise RunError("no such partition")
        self.said["7"] = Word("waiting", "pending, Resources")
        return "7"

    def words(self, jobs):
        return self.said and {job: self.said[job] for job in jobs if job in self.said}

    def cancel(self, job, *, only_waiting=False):
        if not only_waiting or self.said[job].state == "waiting":
            self.said[job] = Word("over", "cancelled")


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch):
    """Let a look follow another at once."""
    for module in (asking, scheduled):
        monkeypatch.setattr(module, "ASK_SECONDS", 0.0)


@pytest.fixture
def launch(workspace, tiny_config):
    """Return what has a new run launched by a scheduler."""

    def launch_by(scheduler):
        run = scheduler.store.create(tiny_config(), make_split(images({"A": 8, "B": 8}), SplitConfig()))
        scheduler._launch(run, claim_launch(run.folder, "slurm", None))
        return run

    return launch_by


def marks(scheduler):
    return [path.name for path in (scheduler.store.root / ".queue" / "slurm").iterdir()]


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


def test_a_scheduler_is_asked_once_in_a_while_by_all_processes_together(workspace, launch, monkeypatch):
    scheduler, asked = Scheduler(workspace), []
    launch(scheduler)
    monkeypatch.setattr(asking, "ASK_SECONDS", 60.0)
    monkeypatch.setattr(Scheduler, "words", lambda self, jobs: asked.append(jobs) or self.said)
    for _ in range(2):
        scheduler.look()
        monkeypatch.setattr(asking, "_last_asked", {})  # as in another process
        assert len(asked) == 1
    mark = next((workspace.runs / ".queue").glob("*.asked"))
    os.utime(mark, (mark.stat().st_mtime - 61,) * 2)
    scheduler.look()
    assert asked == [["7"], ["7"]]


FORGETFUL = {"8": Word("running", "")}


def test_job_that_nobody_knows_any_more_is_over_and_silence_changes_nothing(workspace, launch):
    scheduler = Scheduler(workspace)
    run = launch(scheduler)
    Scheduler(workspace, said=None).look()
    assert run.status().state == "queued"
    Scheduler(workspace, said=FORGETFUL).look()
    assert "does not know it any more" in run.status().error


def given_a_machine(launch, scheduler):
    """Launch a run and let the scheduler say that its job runs."""
    run = launch(scheduler)
    scheduler.said["7"] = Word("running", "running")
    scheduler.look()
    return run


def begun(run, heard):
    """Let the run's worker have been heard of so many seconds ago."""
    write_status(run.folder, run.status().model_copy(update={"state": "running", "pid": 1, "process_started": "x"}))
    moment = time.time() - heard
    os.utime(run.folder / "status.json", (moment, moment))


def test_worker_that_is_heard_outlives_a_scheduler_that_was_set_up_anew(workspace, launch):
    scheduler = Scheduler(workspace)
    run = given_a_machine(launch, scheduler)
    begun(run, heard=10)
    Scheduler(workspace, said=FORGETFUL).look()
    assert (run.status().state, marks(scheduler)) == ("running", [run.id])
    begun(run, heard=100)
    Scheduler(workspace, said=FORGETFUL).look()
    assert (run.status().state, marks(scheduler)) == ("interrupted", [])
    assert "does not know it any more: resume the run" in run.status().error


def test_word_that_says_nothing_lets_the_last_one_stand_until_the_worker_is_silent(workspace, launch):
    scheduler = Scheduler(workspace)
    run = given_a_machine(launch, scheduler)
    begun(run, heard=10)
    scheduler.said["7"] = Word("unclear", "something_new")
    scheduler.look()
    assert (run.status().state, last_launch(run.folder).state) == ("running", "running")
    begun(run, heard=1000)
    scheduler.look()
    assert (run.status().state, last_launch(run.folder).word) == ("interrupted", "Slurm job 7: something_new")
    assert marks(scheduler) == [run.id]  # it is asked about again


def test_run_can_be_resumed_where_neither_its_scheduler_nor_its_worker_is_heard(workspace, launch):
    scheduler = Scheduler(workspace)
    run = given_a_machine(launch, scheduler)
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


def test_waiting_run_is_stopped_without_a_worker(workspace, launch):
    scheduler = Scheduler(workspace)
    run = launch(scheduler)
    scheduler.after_request(run)
    assert run.status().state == "cancelled"


def test_run_that_the_scheduler_refuses_is_interrupted_with_its_reason(workspace, launch):
    scheduler = Scheduler(workspace, refuses=True)
    with pytest.raises(RunError, match="no such partition"):
        launch(scheduler)
    (run,) = scheduler.store.runs()
    assert (run.status().state, run.status().error) == ("interrupted", "no such partition")


def test_marks_of_runs_that_were_deleted_or_went_elsewhere_are_forgotten(workspace, launch):
    scheduler = Scheduler(workspace)
    deleted, moved = launch(scheduler), launch(scheduler)
    write_status(deleted.folder, deleted.status().model_copy(update={"state": "cancelled"}))
    scheduler.store.delete(deleted)
    claim_launch(moved.folder, "local", last_launch(moved.folder))
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
    monkeypatch.setattr("allcore.runs.preflight.require_training", lambda: None)
    scheduler = Scheduler(workspace)
    run, seen = launch(scheduler), []
    write_status(run.folder, run.status().model_copy(update={"state": "cancelled"}))
    monkeypatch.setattr(Scheduler, "submit_job", lambda self, run, launch: seen.append(run.status().state) or "8")
    scheduler.resume(run)
    assert seen == ["queued"]
