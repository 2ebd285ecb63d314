"""A run's state is what really is: a recorded process that is gone makes it interrupted."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from allcore.errors import RunError
from allcore.runs.folder import disk_clock
from allcore.runs.folder.launches import claim_launch, record_launch
from allcore.runs.folder.process import host, is_alive, own_identity, start_mark
from allcore.runs.folder.status import STATUS_SCHEMA, Status, read_status, write_status


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
    write_status(tmp_path, status(state="queued"))
    written_before(tmp_path, 60)
    assert read_status(tmp_path).state == "queued"  # a launch on a slow disk takes as long
    written_before(tmp_path, 300)
    assert read_status(tmp_path).state == "interrupted"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"schema_number": 1, "sta', "cannot be read"),
        ("[]", "it is not a JSON object"),
        (
            json.dumps({"schema_number": STATUS_SCHEMA + 1}),
            f"schema {STATUS_SCHEMA + 1}, this version reads {STATUS_SCHEMA}; use the",
        ),
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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system keeps the start time as it was")
@pytest.mark.parametrize("seconds", [-3600.0, 3.0, 3600.0])
def test_setting_the_clock_does_not_interrupt_a_live_run(tmp_path, monkeypatch, seconds):
    """On Linux psutil's start times are counted from the boot time, which moves with the clock."""
    pid, started = own_identity()
    write_status(tmp_path, status(pid=pid, process_started=started, host=host(), heartbeat=time.time() - seconds))
    boot_time = psutil._pslinux.boot_time()
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: boot_time + seconds)
    assert read_status(tmp_path).state == "running"


@pytest.mark.parametrize(("seconds_off", "state"), [(0.0, "running"), (100.0, "interrupted")])
def test_process_recorded_by_its_start_time_as_in_schema_1_is_still_known(tmp_path, seconds_off, state):
    process = psutil.Process()
    fields = status(pid=process.pid, process_started=process.create_time() + seconds_off).model_dump(exclude={"host"})
    (tmp_path / "status.json").write_text(json.dumps(fields | {"schema_number": 1}))
    assert read_status(tmp_path).state == state


@pytest.mark.parametrize(("age", "state"), [(10.0, "running"), (1000.0, "interrupted")])
@pytest.mark.parametrize("its_clock", [-86_400.0, 0.0, 86_400.0])
def test_worker_of_another_machine_is_known_by_when_it_wrote_and_by_no_clock_of_either(tmp_path, age, state, its_clock):
    pid, started = own_identity()
    heartbeat = time.time() + its_clock
    write_status(tmp_path, status(pid=pid, process_started=started, host="elsewhere", heartbeat=heartbeat))
    written_before(tmp_path, age)
    assert read_status(tmp_path).state == state


def of_another_container(started):
    """Return a mark as a process has it that starts in another container of this machine."""
    return re.sub(r"pids \d+", "pids 1", started)


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="pids are every process's here")
@pytest.mark.parametrize(("age", "state"), [(10.0, "running"), (1000.0, "interrupted")])
def test_worker_of_another_container_under_the_same_host_name_is_known_by_when_it_wrote(tmp_path, age, state):
    pid, started = own_identity()
    write_status(tmp_path, status(pid=pid, process_started=of_another_container(started), host=host()))
    written_before(tmp_path, age)
    assert read_status(tmp_path).state == state
    assert read_status(tmp_path).is_certain == (state == "running")


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="pids are every process's here")
@pytest.mark.parametrize(("age", "uptime", "state"), [(60.0, 50.0, "interrupted"), (60.0, 70.0, "running")])
def test_worker_of_another_boot_is_gone_if_nothing_was_heard_since_this_one_and_else_of_another_machine(
    tmp_path, monkeypatch, age, uptime, state
):
    pid, started = own_identity()
    monkeypatch.setattr("allcore.runs.folder.process._uptime", lambda: uptime)
    of_another_boot = of_another_container(started).replace("boot ", "boot 0")
    write_status(tmp_path, status(pid=pid, process_started=of_another_boot, host=host()))
    written_before(tmp_path, age)
    assert read_status(tmp_path).state == state


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="pids are every process's here")
def test_worker_of_another_machine_under_the_same_host_name_is_interrupted_once_it_is_silent(tmp_path, monkeypatch):
    pid, started = own_identity()
    monkeypatch.setattr("allcore.runs.folder.process._uptime", lambda: 10_000.0)
    write_status(tmp_path, status(pid=pid, process_started=started.replace("boot ", "boot 0"), host=host()))
    written_before(tmp_path, 1000)
    found = read_status(tmp_path)
    assert found.state == "interrupted"
    assert not found.is_certain


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the mark is a time")
def test_worker_whose_mark_does_not_say_in_which_container_it_is_is_still_known(tmp_path):
    pid, started = own_identity()
    write_status(tmp_path, status(pid=pid, process_started=re.sub(r" pids \d+", "", started), host=host()))
    assert read_status(tmp_path).state == "running"


def test_clock_set_back_does_not_let_a_run_without_a_process_wait_for_hours(tmp_path):
    write_status(tmp_path, status(state="queued"))
    written_before(tmp_path, -3600)
    assert read_status(tmp_path).state == "interrupted"


SCHEDULED = {"executor": "slurm", "job": "17"}


@pytest.mark.parametrize(
    ("said", "launch", "age", "state"),
    [
        ({"state": "queued"}, {}, 100_000, "queued"),
        ({"state": "queued"}, {"job": ""}, 100_000, "interrupted"),
        ({"state": "queued"}, {"state": "waiting", "word": "pending, Resources"}, 100_000, "queued"),
        ({"state": "queued"}, {"state": "over", "word": "out of memory"}, 1, "interrupted"),
        ({"pid": 1}, {}, 10, "running"),
        ({"pid": 1}, {}, 1000, "interrupted"),
        ({"pid": 1}, {"state": "running"}, 1000, "running"),
        ({"pid": 1}, {"state": "waiting"}, 10, "running"),
        ({"pid": 1}, {"state": "waiting", "word": "pending, Resources"}, 100, "queued"),
        ({"pid": 1}, {"state": "over", "word": "out of memory"}, 1, "interrupted"),
        ({"state": "succeeded", "pid": 1}, {"state": "over", "word": "completed"}, 1, "succeeded"),
    ],
)
def test_run_of_a_scheduler_is_known_by_what_was_heard_of_it_and_by_its_word(tmp_path, said, launch, age, state):
    write_status(tmp_path, status(**said, process_started="x", host=host()))
    record_launch(tmp_path, claim_launch(tmp_path, "slurm", None).model_copy(update={**SCHEDULED, **launch}))
    written_before(tmp_path, age)
    found = read_status(tmp_path)
    assert found.state == state
    assert launch.get("word", "") in (found.phase, found.error, "completed")


@pytest.mark.parametrize(("silent", "state"), [(10, "running"), (1000, "interrupted")])
def test_worker_that_is_heard_after_its_job_was_said_to_be_over_goes_on(tmp_path, silent, state):
    write_status(tmp_path, status(pid=1, process_started="x", host="elsewhere"))
    over = claim_launch(tmp_path, "slurm", None).model_copy(update={**SCHEDULED, "state": "over", "word": "revoked"})
    record_launch(tmp_path, over)
    moment = time.time() - silent - 5
    os.utime(tmp_path / "launches" / "1.json", (moment, moment))
    written_before(tmp_path, silent)
    assert (read_status(tmp_path).state, read_status(tmp_path).error) == (
        state,
        "" if state == "running" else "revoked",
    )
    written_before(tmp_path, silent + 10)
    assert (read_status(tmp_path).state, read_status(tmp_path).error) == ("interrupted", "revoked")


def test_the_disk_s_clock_is_asked_once_for_all_runs_that_are_looked_at(tmp_path, monkeypatch):
    asked, really = [], disk_clock.TemporaryFile
    monkeypatch.setattr(disk_clock, "TemporaryFile", lambda dir: asked.append(dir) or really(dir=dir))
    monkeypatch.setattr(disk_clock, "_asked", {})
    monkeypatch.setattr(disk_clock.time, "monotonic", lambda: 5.0)
    for name, age in (("a", 10), ("b", 1000), ("c", 10)):
        (tmp_path / name).mkdir()
        write_status(tmp_path / name, status(pid=1, process_started="x", host="elsewhere"))
        written_before(tmp_path / name, age)
    assert [read_status(tmp_path / name).state for name in "abc"] == ["running", "interrupted", "running"]
    assert asked == [tmp_path / "a"]
    monkeypatch.setattr(disk_clock.time, "monotonic", lambda: 6.5)
    read_status(tmp_path / "b")
    assert asked == [tmp_path / "a", tmp_path / "b"]


def written_before(folder, seconds):
    """Let the status have been written so many seconds ago, by the disk's clock."""
    moment = time.time() - seconds
    os.utime(folder / "status.json", (moment, moment))


@pytest.mark.parametrize("pid", [-1, 0, 2**31, 2**63])
def test_number_that_is_no_pid_is_no_live_process(pid):
    assert not is_alive(pid, 1.0)
    assert start_mark(pid) is None
