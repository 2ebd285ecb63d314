"""Several members of a study that go on at a time: how many, stopping them, and being heard of meanwhile."""

import shutil
import threading
from contextlib import suppress

import pytest

from allcore.errors import RunError
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.files import STOP_FILE
from allcore.runs.folder.launches import Launch, claim_launch
from allcore.runs.folder.status import write_status
from allcore.studies.runner import run_study
from tests.studies.conftest import Instantly, set_state

PLACES = [f"image_size={size} fold={fold} seed=0" for fold in (1, 2) for size in (32, 48)]


class Two(Instantly):
    """Takes two members at a time."""

    def at_once(self, config):
        return 2


@pytest.fixture
def going_on(executor, split, monkeypatch):
    """Return an executor whose members end one at each look, and how many went on then."""
    two = Two(executor.workspace, split, ends=lambda place: "running")
    counts = []

    def sleep(seconds):
        running = [run for run in reversed(two.store.runs()) if run.status().state == "running"]
        counts.append(len(running))
        set_state(running[0], "succeeded")

    monkeypatch.setattr("allcore.studies.runner.time.sleep", sleep)
    return two, counts


def test_as_many_members_go_on_at_a_time_as_the_executor_takes(study, going_on):
    two, counts = going_on
    assert run_study(study.folder, two) == 0
    assert sorted(two.launched) == sorted(PLACES)
    assert counts == [2, 2, 2, 1]


def test_many_members_that_go_on_are_looked_at_the_more_seldom(study, going_on, monkeypatch):
    two, counts = going_on
    monkeypatch.setattr("allcore.studies.runner._LOOKED_AT_IN_A_POLL", 2)
    assert run_study(study.folder, two) == 0
    assert counts == [2, 1, 2, 1]  # of two that go on, both have ended before the next look


def test_a_stopped_study_stops_all_members_that_go_on(study, going_on, monkeypatch):
    two, _ = going_on
    stopped = []

    def stop(run):
        stopped.append(run.config.place)
        return threading.Thread(target=set_state, args=(run, "cancelled"))

    monkeypatch.setattr(LocalExecutor, "stop_in_background", lambda _, run: started(stop(run)))
    monkeypatch.setattr("allcore.studies.runner.time.sleep", lambda _: (study.folder / STOP_FILE).touch())
    assert run_study(study.folder, two) == 0
    assert sorted(stopped) == sorted(PLACES[:2])
    assert study.status().state == "cancelled"


def test_members_are_stopped_where_the_study_s_folder_is_removed_by_hand(study, going_on, monkeypatch):
    two, _ = going_on
    stopped = []

    def stop(run):
        stopped.append(run.config.place)
        set_state(run, "cancelled")

    monkeypatch.setattr(
        LocalExecutor, "stop_in_background", lambda _, run: started(threading.Thread(target=stop, args=(run,)))
    )
    monkeypatch.setattr("allcore.studies.runner.time.sleep", lambda _: shutil.rmtree(study.folder, ignore_errors=True))
    run_study(study.folder, two)
    assert sorted(stopped) == sorted(PLACES[:2])
    assert sorted(two.launched) == sorted(PLACES[:2])
    assert not study.folder.exists()


def test_a_study_is_heard_of_while_it_launches_members(study, executor, monkeypatch):
    monkeypatch.setattr("allcore.studies.runner._HEARTBEAT_SECONDS", 0.0)
    heard, submit = [study.status().heartbeat], executor.submit

    def launch(config, on_progress, look):
        heard.append(study.status().heartbeat)
        on_progress(1, 2)
        heard.append(study.status().heartbeat)
        return submit(config)

    object.__setattr__(executor, "submit", launch)
    assert run_study(study.folder, executor) == 0
    assert len(set(heard)) == len(heard) == 1 + 2 * len(PLACES)


@pytest.fixture
def stopping(study, going_on, monkeypatch):
    """Return what carries the study out until it is stopped at once, with what each member does until it has ended."""
    two, _ = going_on
    monkeypatch.setattr("allcore.studies.runner.time.sleep", lambda _: (study.folder / STOP_FILE).touch())

    def carry_out(until_it_ends, launch=None):
        def stop(run):
            until_it_ends()
            set_state(run, "cancelled")

        monkeypatch.setattr(
            LocalExecutor, "stop_in_background", lambda _, run: started(threading.Thread(target=stop, args=(run,)))
        )
        return run_study(study.folder, two, launch)

    return carry_out


def test_a_study_is_heard_of_while_its_members_stop(study, stopping, monkeypatch):
    monkeypatch.setattr("allcore.studies.runner._HEARTBEAT_SECONDS", 0.0)
    heard, written = [], threading.Event()

    def write(*arguments):
        write_status(*arguments)
        written.set()

    monkeypatch.setattr("allcore.studies.runner.write_status", write)

    def look():
        before = study.status().heartbeat
        for _ in range(2):  # the first may be told of after it was read
            written.clear()
            assert written.wait(600)
        heard.append(study.status().heartbeat > before)

    assert stopping(look) == 0
    assert heard == [True, True]


def test_who_stops_members_of_a_study_that_was_started_again_says_nothing_of_it(study, stopping):
    claim_launch(study.folder, "local", None)

    def start_again():
        with suppress(RunError):  # of the two, one does
            claim_launch(study.folder, "local", Launch(number=1))
            set_state(study, "queued")

    assert stopping(start_again, 1) == 2
    assert study.status().state == "queued"
    assert (study.folder / STOP_FILE).exists()


def started(thread):
    thread.start()
    return thread


def test_the_list_of_many_runs_is_left_ready_for_who_looks_first(study, going_on, monkeypatch):
    two, _ = going_on
    monkeypatch.setattr("allcore.studies.member_launches._MANY", 2)
    monkeypatch.setattr("allcore.studies.member_launches._SETTLED_SECONDS", 0.0)
    assert run_study(study.folder, two) == 0
    assert (two.workspace.cache / "runs" / "list.json").is_file()
