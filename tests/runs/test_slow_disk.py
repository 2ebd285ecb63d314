"""Where each step takes the disk seconds: nothing is taken for lost, ended too early or done twice, nobody is held up.

No test waits: the slow step is where another process acts in the meantime, or a clock goes on.
"""

import errno
import os
import select
import signal
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from allcore.config import make_config
from allcore.errors import RunError
from allcore.runs.execution import executor as executors
from allcore.runs.execution.devices import Device
from allcore.runs.execution.end_process import while_it_stops
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.execution.stop_signal import StopSignal
from allcore.runs.folder import disk_clock
from allcore.runs.folder.files import STOP_FILE
from allcore.runs.folder.launches import claim_launch
from allcore.runs.folder.process import host, own_identity
from allcore.runs.folder.status import SAVING, TRAINING, VALIDATING, write_status
from allcore.runs.folder.store import RunStore
from allcore.training import worker
from tests.full_disks.test_every_step import SPLIT


@pytest.fixture
def run(workspace):
    """Return a run that was made, with nobody to carry it out yet."""
    return RunStore(workspace.runs).create(make_config(dataset="x"), SPLIT)


def test_a_worker_writes_nothing_before_its_launcher_has_however_long_that_takes(run, monkeypatch):
    launch = claim_launch(run.folder, "local", None)
    pid, started = own_identity()
    seen, really = [], os.read

    def launcher(descriptor, count):
        if descriptor != 0:
            return really(descriptor, count)
        seen.append(run.status().pid)
        write_status(run.folder, run.status().model_copy(update={"pid": pid, "process_started": started}))
        return b"\n"

    monkeypatch.setattr(os, "read", launcher)
    monkeypatch.setattr(os, "isatty", lambda descriptor: False)
    monkeypatch.setattr(worker, "suitable", lambda *_: (_ for _ in ()).throw(worker.InputError("no device")))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert worker.run_worker(run.folder, launch.number) == 1
    assert seen == [None]
    assert (run.status().state, run.status().error) == ("failed", "no device")


def test_a_launcher_lets_its_worker_go_on_once_it_has_recorded_it(workspace, run, monkeypatch):
    theirs, ours = os.pipe()
    process = SimpleNamespace(pid=os.getpid(), stdin=os.fdopen(ours, "wb", buffering=0))
    waited = []

    def slowly(folder, status):
        waited.append(not select.select([theirs], [], [], 0)[0])
        write_status(folder, status)

    monkeypatch.setattr(executors, "devices_here", lambda: (Device("cpu", 0, "here"),))
    monkeypatch.setattr(executors.subprocess, "Popen", lambda *_, **__: process)
    monkeypatch.setattr(executors, "write_status", slowly)
    LocalExecutor(workspace)._launch(run, claim_launch(run.folder, "local", None))
    with os.fdopen(theirs, "rb") as end:
        assert end.read() == b"\n"
    assert waited == [True]
    assert run.status().pid == os.getpid()


@pytest.mark.parametrize("refused", ["write_ticket", "write_status"])
def test_a_worker_that_cannot_be_recorded_is_killed_while_it_waits_and_the_run_says_why(
    workspace, run, monkeypatch, refused
):
    theirs, ours = os.pipe()
    waited = []
    process = SimpleNamespace(
        pid=os.getpid(), stdin=os.fdopen(ours, "wb", buffering=0),
        kill=lambda: waited.append(not select.select([theirs], [], [], 0)[0]),
    )  # fmt: skip
    once = iter([OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])
    really = getattr(executors, refused)

    def refuse(*arguments):
        for error in once:
            raise error
        return really(*arguments)

    monkeypatch.setattr(executors, "devices_here", lambda: (Device("cpu", 0, "here"),))
    monkeypatch.setattr(executors.subprocess, "Popen", lambda *_, **__: process)
    monkeypatch.setattr(executors, refused, refuse)
    with pytest.raises(OSError, match="No space left"):
        LocalExecutor(workspace)._launch(run, claim_launch(run.folder, "local", None))
    with os.fdopen(theirs, "rb") as end:
        assert end.read() == b""
    assert waited == [True]
    said = "it was not started: the disk is full (No space left on device); free some space"
    assert (run.status().state, run.status().error) == ("failed", said)


@pytest.mark.process
@pytest.mark.parametrize("text", ["{", "[]", '{"schema_number": 99}', '{"schema_number": 2, "state": "dancing"}'])
def test_a_run_whose_status_is_damaged_when_it_is_launched_is_one_message(workspace, run, text):
    (run.folder / "status.json").write_text(text)
    with pytest.raises(RunError, match=rf"run {run.id}: status\.json (cannot be read|has schema 99|is damaged)"):
        LocalExecutor(workspace)._launch(run, claim_launch(run.folder, "local", None))


def at(run, phase, **said):
    """Let the run's worker, which is this process, stop and say what it is at."""
    pid, started = own_identity()
    fields = {"state": "stopping", "phase": phase, "pid": pid, "process_started": started, "host": host(), **said}
    write_status(run.folder, run.status().model_copy(update=fields))


@pytest.fixture
def clock(monkeypatch):
    """Return a list of one number: the seconds by which the clock has gone on."""
    gone, really = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: really() + gone[0])
    monkeypatch.setattr(disk_clock, "_asked", {})
    return gone


def seconds_waited_for(run, clock, phases):
    """Wait for a worker that never ends, which is at one phase after the other, half a minute each."""
    phases = iter(phases)

    def ended():
        clock[0] += 30
        if phase := next(phases, None):
            at(run, phase, images_per_second=run.status().images_per_second)
        return False

    assert not while_it_stops(run, ended)
    return clock[0]


@pytest.mark.parametrize(
    ("phases", "images_per_second", "seconds"),
    [
        (["starting"], None, 30),
        ([TRAINING], None, 30),
        ([TRAINING], 640.0, 30),
        ([TRAINING], 0.32, 210),
        ([VALIDATING], 0.32, 210),
        ([TRAINING], 0.001, 1800),
        ([SAVING], 640.0, 1800),
        ([TRAINING, SAVING, SAVING, "predicting"], 0.32, 120),
        (["predicting"], 0.32, 30),
        ([SAVING] * 20 + [TRAINING], 0.32, 600 + 210),
    ],
)
def test_a_worker_has_time_for_its_step_and_its_checkpoint(run, clock, phases, images_per_second, seconds):
    assert run.config.batch_size == 32
    at(run, phases[0], images_per_second=images_per_second)
    assert seconds_waited_for(run, clock, phases) == seconds


def test_a_worker_that_ends_meanwhile_is_waited_for_no_longer(run, clock):
    at(run, SAVING)
    ends = iter([False, False, False, True])
    assert while_it_stops(run, lambda: next(ends))


def test_a_worker_that_says_it_saves_and_is_not_heard_of_any_more_is_ended(run):
    at(run, SAVING)
    os.utime(run.folder / "status.json", (0, 0))
    assert not while_it_stops(run, lambda: False)


def test_a_worker_within_a_slow_step_is_asked_and_not_killed(workspace, run, clock, monkeypatch):
    at(run, TRAINING, images_per_second=0.32)
    sent = []

    def gone_within(status, seconds):
        clock[0] += seconds
        if clock[0] > 150:
            at(run, "", state="cancelled")
        return clock[0] > 150

    monkeypatch.setattr(executors, "gone_within", gone_within)
    monkeypatch.setattr(executors, "signal_group", lambda status, number: sent.append(number))
    LocalExecutor(workspace).end(run, 30.0)
    assert sent == [signal.SIGTERM]


def test_batches_are_not_held_up_by_looking_for_a_request(tmp_path, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    now, looks = [0.0], []

    def look(path, unknown=False):
        looks.append(path)
        now[0] += 0.5
        return path.exists()

    monkeypatch.setattr("allcore.runs.execution.stop_signal.is_there", look)
    monkeypatch.setattr("allcore.runs.execution.stop_signal.time.monotonic", lambda: now[0])
    stop = StopSignal(tmp_path)
    for _ in range(1000):  # batches of a tenth of a second
        stop()
        now[0] += 0.1
    assert 0.5 * len(looks) < 0.05 * now[0]
    (tmp_path / STOP_FILE).touch()
    now[0] += 100
    assert stop()


def test_a_run_that_waits_for_its_device_for_long_is_not_taken_for_lost_by_another_machine(run, clock, monkeypatch):
    launch = claim_launch(run.folder, "local", None)
    pid, started = own_identity()
    write_status(run.folder, run.status().model_copy(update={"pid": pid, "process_started": started, "host": host()}))
    file, states, renewed = run.folder / "status.json", set(), []

    @contextmanager
    def an_hour_in_the_queue(runs, run_id, queued_at, fitting, give_up, count):
        while clock[0] < 3600:
            clock[0] += 10
            written = file.stat().st_mtime - 10
            os.utime(file, (written, written))
            assert not give_up()
            renewed.append(file.stat().st_mtime != written)
            states.add(run.status().state)
        yield ()

    monkeypatch.setattr(worker, "device_lease", an_hour_in_the_queue)
    monkeypatch.setattr("allcore.runs.folder.process.host", lambda: "another machine")
    monkeypatch.setattr(os, "isatty", lambda descriptor: True)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert worker.run_worker(run.folder, launch.number) == 0
    assert states == {"queued"}
    assert sum(renewed) == 60
