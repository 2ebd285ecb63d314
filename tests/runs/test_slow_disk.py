"""Where each step takes the disk seconds: nothing is taken for lost, ended too early or done twice, nobody is held up.

No test waits: the slow step is where another process acts in the meantime, or a clock goes on.
"""

import os
import select
import signal
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from allcore.config import make_config
from allcore.runs import disk_clock
from allcore.runs import executor as executors
from allcore.runs.devices import Device
from allcore.runs.ending import while_it_saves
from allcore.runs.executor import LocalExecutor
from allcore.runs.files import STOP_FILE
from allcore.runs.launches import claim_launch
from allcore.runs.process import host, own_identity
from allcore.runs.status import SAVING, write_status
from allcore.runs.stop_signal import StopSignal
from allcore.runs.store import RunStore
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


def saving(run, phase=SAVING):
    """Let the run's worker, which is this process, stop and say what it is at."""
    pid, started = own_identity()
    said = {"state": "stopping", "phase": phase, "pid": pid, "process_started": started, "host": host()}
    write_status(run.folder, run.status().model_copy(update=said))


@pytest.mark.parametrize(("phase", "rounds"), [(SAVING, 4), ("training", 1)])
def test_a_worker_that_saves_a_checkpoint_is_not_ended_meanwhile(run, phase, rounds):
    waits = []

    def ended():
        waits.append(run.status().phase)
        return len(waits) == 4

    saving(run, phase)
    assert while_it_saves(run.folder, ended) is (phase == SAVING)
    assert waits == [phase] * rounds


def test_a_worker_that_says_it_saves_and_is_not_heard_of_any_more_is_ended(run):
    saving(run)
    os.utime(run.folder / "status.json", (0, 0))
    assert not while_it_saves(run.folder, lambda: False)


def test_batches_are_not_held_up_by_looking_for_a_request(tmp_path, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    now, looks = [0.0], []

    def look(path, unknown=False):
        looks.append(path)
        now[0] += 0.5
        return path.exists()

    monkeypatch.setattr("allcore.runs.stop_signal.is_there", look)
    monkeypatch.setattr("allcore.runs.stop_signal.time.monotonic", lambda: now[0])
    stop = StopSignal(tmp_path)
    for _ in range(1000):  # batches of a tenth of a second
        stop()
        now[0] += 0.1
    assert 0.5 * len(looks) < 0.05 * now[0]
    (tmp_path / STOP_FILE).touch()
    now[0] += 100
    assert stop()


def test_a_run_that_waits_for_its_device_for_long_is_not_taken_for_lost_by_another_machine(run, monkeypatch):
    launch = claim_launch(run.folder, "local", None)
    pid, started = own_identity()
    write_status(run.folder, run.status().model_copy(update={"pid": pid, "process_started": started, "host": host()}))
    file, now, really, states, renewed = run.folder / "status.json", [0.0], time.monotonic, set(), []

    @contextmanager
    def an_hour_in_the_queue(runs, run_id, queued_at, fitting, give_up, count):
        while now[0] < 3600:
            now[0] += 10
            written = file.stat().st_mtime - 10
            os.utime(file, (written, written))
            assert not give_up()
            renewed.append(file.stat().st_mtime != written)
            states.add(run.status().state)
        yield ()

    monkeypatch.setattr(worker, "device_lease", an_hour_in_the_queue)
    monkeypatch.setattr(time, "monotonic", lambda: really() + now[0])
    monkeypatch.setattr(disk_clock, "_asked", {})
    monkeypatch.setattr("allcore.runs.status.host", lambda: "another machine")
    monkeypatch.setattr(os, "isatty", lambda descriptor: True)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert worker.run_worker(run.folder, launch.number) == 0
    assert states == {"queued"}
    assert sum(renewed) == 60
