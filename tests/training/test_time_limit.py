"""A run whose jobs are ended by their time limit goes on as long as it gets on, and is not queued for ever."""

import os
import signal
import time

import pytest

from allcore.config import make_config
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.launches import GOES_ON_LATER, claim_launch, last_launch
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import RunStore
from allcore.training.worker import run_worker
from tests.full_disks.test_every_step import SPLIT

DECODING = {"phase": "decoding images, 512 of 2604"}
FURTHER = {"phase": "decoding images, 640 of 2604"}
CELLS = {"phase": "finding cells, 3 of 2604 images"}
SAVED = {"phase": "saving a checkpoint", "epoch": 1, "step": 7}
PREDICTING = {"phase": "predicting, 8 of 2604 images", "epoch": 25, "step": 0}
WRITING = {"phase": "writing the model", "epoch": 25, "step": 0}


@pytest.fixture(autouse=True)
def _handlers():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def run(workspace):
    """Return a run that Slurm was asked to carry out."""
    made = RunStore(workspace.runs).create(make_config(dataset="x"), SPLIT)
    claim_launch(made.folder, "slurm", None)
    return made


@pytest.fixture
def job(run, monkeypatch):
    """Return what lets the run's next job come to a place and get a signal there; it returns the exit status."""

    def carried_out(reached, number):
        def carry_out(folder, reporter, stop_requested):
            reporter.update(**reached)
            os.kill(os.getpid(), number)
            return not stop_requested()

        monkeypatch.setattr("allcore.training.session.carry_out", carry_out)
        return run_worker(run.folder, last_launch(run.folder).number)

    return lambda reached, number=signal.SIGUSR1: carried_out(reached, number)


@pytest.mark.parametrize(
    "jobs", [(DECODING, DECODING), (DECODING, FURTHER), (SAVED, DECODING, DECODING), (PREDICTING, WRITING, PREDICTING)]
)
def test_run_that_gains_nothing_before_its_time_limit_fails_and_says_what_to_do(run, job, jobs):
    *before, last = jobs
    for reached in before:
        assert job(reached) == GOES_ON_LATER
        assert run.status().state == "queued"
    assert job(last) == 1
    status = run.status()
    assert status.state == "failed"
    assert "the time limit of its jobs is too short" in status.error
    assert f"“{last['phase']}”" in status.error
    assert "slurm.time" in status.error


@pytest.mark.parametrize("jobs", [(DECODING, CELLS, SAVED), (SAVED, {**SAVED, "step": 8}, {**SAVED, "epoch": 2})])
def test_run_that_gets_on_in_each_job_is_queued_again_as_often(job, jobs):
    assert [job(reached) for reached in jobs] == [GOES_ON_LATER] * len(jobs)


def test_run_that_makes_room_for_others_again_and_again_goes_on(job):
    assert [job(DECODING, signal.SIGTERM) for _ in range(4)] == [GOES_ON_LATER] * 4


@pytest.fixture
def ends_in(monkeypatch):
    """Return what lets the jobs that are warned have so many seconds left, as Slurm told them when they began."""
    monkeypatch.setenv("ALLCORE_WARNING_SECONDS", "120")
    return lambda seconds: monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time() + seconds)))


def test_run_that_is_warned_because_it_has_to_make_room_goes_on(job, ends_in):
    """As where Slurm has `send_user_signal` among its `PreemptParameters`."""
    ends_in(3600)
    assert [job(DECODING) for _ in range(4)] == [GOES_ON_LATER] * 4


@pytest.mark.parametrize("seconds", [170, 10])
def test_run_that_is_warned_near_its_end_has_to_get_on(job, ends_in, seconds):
    ends_in(seconds)
    assert [job(DECODING) for _ in range(2)] == [GOES_ON_LATER, 1]


def test_run_that_is_resumed_has_its_jobs_before_it(run, job, workspace, monkeypatch):
    monkeypatch.setattr("allcore.runs.execution.preflight.require_training", lambda: None)
    monkeypatch.setattr(LocalExecutor, "check", lambda *_: None)
    monkeypatch.setattr(LocalExecutor, "_launch", lambda *_: None)
    for code in (GOES_ON_LATER, 1):
        assert job(DECODING) == code
    LocalExecutor(workspace).resume(run)
    claim_launch(run.folder, "slurm", last_launch(run.folder))
    write_status(run.folder, run.status().model_copy(update={"state": "queued"}))
    assert job(DECODING) == GOES_ON_LATER
