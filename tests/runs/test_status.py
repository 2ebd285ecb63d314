"""A run's state is what really is: a recorded process that is gone makes it interrupted."""

import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from allcore.errors import RunError
from allcore.runs.process import is_alive, own_identity, start_mark
from allcore.runs.status import STATUS_SCHEMA, Status, read_status, write_status


def status(**fields):
    return Status(**{"state": "running", "heartbeat": time.time(), "queued_at": time.time(), **fields})


@pytest.fixture
def gone():
    """Return the identity of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = {"pid": process.pid, "process_started": start_mark(process.pid)}
    process.communicate(b"\n")
    return identity


@pytest.mark.process
@pytest.mark.parametrize("state", ["queued", "running", "stopping"])
def test_active_run_without_its_process_is_interrupted(tmp_path, gone, state):
    write_status(tmp_path, status(state=state, **gone))
    assert read_status(tmp_path).state == "interrupted"


@pytest.mark.process
@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_ended_run_needs_no_process(tmp_path, gone, state):
    write_status(tmp_path, status(state=state, **gone))
    assert read_status(tmp_path).state == state


def test_live_process_is_running(tmp_path):
    pid, started = own_identity()
    write_status(tmp_path, status(pid=pid, process_started=started))
    assert read_status(tmp_path).state == "running"


def test_pid_used_again_by_another_process_is_interrupted(tmp_path):
    pid, started = own_identity()
    write_status(tmp_path, status(pid=pid, process_started=started + "0"))
    assert read_status(tmp_path).state == "interrupted"


@pytest.mark.process
def test_zombie_is_not_alive():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    created = psutil.Process(process.pid).create_time()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert start_mark(process.pid) is None
    assert not is_alive(process.pid, created)
    process.wait()


def test_running_and_asked_to_stop_is_stopping(tmp_path):
    pid, started = own_identity()
    write_status(tmp_path, status(pid=pid, process_started=started))
    (tmp_path / "stop.request").touch()
    assert read_status(tmp_path).state == "stopping"


def test_just_created_run_without_a_process_is_queued(tmp_path):
    write_status(tmp_path, status(state="queued"))
    assert read_status(tmp_path).state == "queued"


def test_run_whose_launcher_died_is_interrupted_after_a_while(tmp_path):
    write_status(tmp_path, status(state="queued", heartbeat=time.time() - 100))
    assert read_status(tmp_path).state == "interrupted"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"schema_number": 1, "sta', "cannot be read"),
        ("[]", "it is not a JSON object"),
        (json.dumps({"schema_number": STATUS_SCHEMA + 1}), f"schema {STATUS_SCHEMA + 1}, this version reads"),
        (json.dumps({"schema_number": STATUS_SCHEMA, "state": "dancing"}), "damaged.*state"),
    ],
)
def test_damaged_status_says_why(tmp_path, text, reason):
    (tmp_path / "status.json").write_text(text)
    with pytest.raises(RunError, match=reason):
        read_status(tmp_path)


def test_missing_status_is_said(tmp_path):
    with pytest.raises(RunError, match=r"has no status\.json"):
        read_status(tmp_path)
