"""Stopping without waiting for it."""

import signal
import subprocess
import sys

import psutil
import pytest

from allcore.config import make_config
from allcore.errors import RunError
from allcore.runs.execution.end_process import signal_group
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.process import start_mark
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import Status, write_status
from allcore.runs.folder.store import RunStore
from tests.conftest import device_taken, wait_for
from tests.full_disks.test_every_step import SPLIT


@pytest.fixture
def run(workspace, tiny_config):
    """Return a run that waits for the device, and leave no worker of it behind."""
    executor = LocalExecutor(workspace)
    with device_taken(workspace):
        run = executor.submit(tiny_config(epochs=500))
        yield run
        if run.status().state in ACTIVE:
            executor.stop(run, patience=5.0)


@pytest.mark.process
def test_stop_in_the_background_returns_at_once_and_ends_the_run(workspace, run):
    waiting = wait_for(run, lambda status: status.phase == "waiting for the device")
    worker = psutil.Process(waiting.pid)
    worker.suspend()
    thread = LocalExecutor(workspace).stop_in_background(run)
    assert thread.is_alive()
    worker.resume()
    thread.join(timeout=60)
    assert run.status().state == "cancelled"


@pytest.mark.process
def test_run_that_ended_meanwhile_is_no_fault_of_the_thread(workspace, run):
    executor = LocalExecutor(workspace)
    threads = [executor.stop_in_background(run) for _ in range(2)]
    for thread in threads:
        thread.join(timeout=60)
    assert run.status().state == "cancelled"


def test_run_is_stopped_by_a_signal_where_the_disk_is_full(workspace, idle_process, no_room):
    run = RunStore(workspace.runs).create(make_config(dataset="x"), SPLIT)
    worker = {"pid": idle_process.pid, "process_started": start_mark(idle_process.pid)}
    write_status(run.folder, run.status().model_copy(update={"state": "running", **worker}))
    with no_room(run.id):
        LocalExecutor(workspace).stop(run)
    assert idle_process.wait() == -signal.SIGTERM
    assert run.status().state == "interrupted"


@pytest.mark.process
def test_process_that_has_no_group_to_signal_is_no_fault_of_whoever_signals():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        identity = {"pid": process.pid, "process_started": start_mark(process.pid)}
        assert not signal_group(Status(state="running", heartbeat=0.0, queued_at=0.0, **identity), signal.SIGTERM)
        process.communicate(b"\n")
        assert process.returncode == 0


def test_run_that_is_over_cannot_be_stopped(finished, finished_run):
    with pytest.raises(RunError, match="there is nothing to stop"):
        finished.stop_in_background(finished_run)
