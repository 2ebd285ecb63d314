"""How often a scheduler is asked, however many look and however slowly it answers."""

import os

import pytest

from allcore.runs.execution import asked_lately as asking
from allcore.runs.execution.asked_lately import asked_lately, jobs_folder, turn_to_ask
from tests.runs.scheduler import Scheduler


@pytest.fixture
def jobs(workspace):
    """Return the folder of a scheduler's jobs."""
    jobs = jobs_folder(workspace.runs, "slurm")
    jobs.mkdir(parents=True)
    return jobs


@pytest.fixture
def as_another_process(monkeypatch):
    """Return what forgets what this process knows, so many seconds after it asked."""

    def later(jobs, seconds):
        monkeypatch.setattr(asking, "_until", {})
        mark = jobs.with_suffix(".asked")
        os.utime(mark, (mark.stat().st_mtime - seconds,) * 2)

    return later


def test_a_scheduler_is_asked_once_in_a_while_by_all_processes_together(workspace, launch, monkeypatch):
    scheduler, asked = Scheduler(workspace), []
    launch(scheduler)
    monkeypatch.setattr(asking, "ASK_SECONDS", 60.0)
    monkeypatch.setattr(Scheduler, "words", lambda self, jobs: asked.append(jobs) or self.said)
    for _ in range(2):
        scheduler.look()
        monkeypatch.setattr(asking, "_until", {})  # as in another process
        assert len(asked) == 1
    mark = next((workspace.runs / ".queue").glob("*.asked"))
    os.utime(mark, (mark.stat().st_mtime - 61,) * 2)
    scheduler.look()
    assert asked == [["7"], ["7"]]


@pytest.mark.usefixtures("looks_at_once")
def test_nobody_asks_while_another_one_waits_for_the_answer(jobs, as_another_process, monkeypatch):
    monkeypatch.setattr(asking, "_ASKING_SECONDS", 30.0)
    with turn_to_ask(jobs) as first:
        as_another_process(jobs, 20)
        with turn_to_ask(jobs) as second:
            assert (first, second) == (True, False)
        as_another_process(jobs, 11)
        assert not asked_lately(jobs)  # whoever asked was killed
    with turn_to_ask(jobs) as third:
        assert third


@pytest.mark.parametrize("answers", [True, False])
def test_a_scheduler_that_answers_slowly_is_left_alone_for_longer_and_never_for_good(
    jobs, as_another_process, monkeypatch, answers
):
    monkeypatch.setattr(asking, "_REST", 1e9)
    try:
        with turn_to_ask(jobs):
            assert answers
    except AssertionError:
        assert not answers
    as_another_process(jobs, 50)
    assert asked_lately(jobs)
    as_another_process(jobs, 11)
    assert not asked_lately(jobs)


def test_mark_of_an_older_version_says_that_it_was_asked_now(jobs, as_another_process):
    jobs.with_suffix(".asked").touch()
    assert asked_lately(jobs)
    as_another_process(jobs, 4)
    assert not asked_lately(jobs)
