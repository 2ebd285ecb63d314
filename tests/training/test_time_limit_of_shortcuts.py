"""A run whose jobs end while shortcut baselines are scored, when all else that it promises is there."""

import os
import signal
from functools import partial

import pytest

from allcore.evaluation.shortcuts import Baseline
from allcore.evaluation.shortcuts.registry import commonest_class, no_features
from allcore.runs.folder.launches import GOES_ON_LATER, claim_launch, last_launch
from allcore.runs.folder.status import write_status
from allcore.training import session
from allcore.training.worker import run_worker
from tests.copies import copy_of


@pytest.fixture
def run(finished_run, workspace):
    """Return a run that Slurm was asked to carry out and that lacks its shortcut baselines alone."""
    run = copy_of(finished_run, workspace.runs / finished_run.id)
    claim_launch(run.folder, "slurm", last_launch(run.folder))
    write_status(run.folder, run.status().model_copy(update={"state": "queued"}))
    return run


@pytest.fixture
def job(run, monkeypatch):
    """Return what carries out the run's next job, warned where it comes to what is named; it returns the status."""
    warned_at = ""

    def comes_to(name):
        if name == warned_at:
            os.kill(os.getpid(), signal.SIGUSR1)

    def named(name):
        def features(image):
            comes_to("features")
            return no_features(image)

        def classifier():
            comes_to(name)
            return commonest_class()

        return Baseline(name, name, features, classifier)

    baselines = [named(name) for name in ("first", "second", "third")]
    for name in ("shortcut_scores", "cached_shortcuts"):
        monkeypatch.setattr(session, name, partial(getattr(session, name), baselines=baselines))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}

    def carried_out(place):
        nonlocal warned_at
        warned_at = place
        return run_worker(run.folder, last_launch(run.folder).number)

    yield carried_out
    for number, handler in before.items():
        signal.signal(number, handler)


def test_each_job_that_keeps_another_baseline_has_got_on(run, job):
    assert [job("first"), job("second"), job("nothing")] == [GOES_ON_LATER, GOES_ON_LATER, 0]
    assert (run.status().state, run.status().warnings) == ("succeeded", ())


def test_run_whose_jobs_are_too_short_for_its_baselines_has_succeeded_without_them(run, job):
    assert [job("features"), job("features")] == [GOES_ON_LATER, 0]
    status = run.status()
    assert status.state == "succeeded"
    assert status.warnings == (
        "the shortcut baselines could not be scored (the time limit of the run's jobs is too short)",
    )
