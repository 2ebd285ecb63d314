"""Real processes take turns on devices that a stand-in for the driver's tool lists."""

import json
import re
import subprocess
import sys
import time

import pytest

from allcore.runs.execution.devices import Device
from allcore.runs.execution.lease import device_lease, waiting, write_ticket
from allcore.runs.folder.process import host, own_identity

GPUS = tuple(Device("gpu", number, f"GPU-{number}") for number in range(3))
CPU = (Device("cpu", 0, "here-0"),)

HOLDER = """
import json, os, sys
from pathlib import Path
from allcore.runs.execution.devices import Device, see_only
from allcore.runs.execution.lease import device_lease
runs, name, queued_at, fitting, count = json.loads(sys.argv[1])
fitting = tuple(Device(*each) for each in fitting)
with device_lease(Path(runs), name, queued_at, fitting, lambda: False, count) as leased:
    see_only(leased)
    print(os.environ.get("CUDA_VISIBLE_DEVICES", ""), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def enter(tmp_path):
    """Return what starts a process that asks for devices, holds them until its input ends, and says what it sees."""
    started = []

    def start(name, queued_at, fitting=GPUS[:2], count=1):
        devices = [[each.kind, each.number, each.identity] for each in fitting]
        asked = json.dumps([str(tmp_path), name, queued_at, devices, count])
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, asked], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def seen(process):
    return process.stdout.readline().strip()


def until(what):
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.process
def test_each_gpu_has_one_process_and_those_that_wait_have_their_turn_also_after_a_kill(enter, tmp_path):
    first, second = enter("first", 1.0), enter("second", 2.0)
    assert {seen(first), seen(second)} == {"GPU-0", "GPU-1"}
    later, both = enter("later", 4.0), enter("both", 3.0, count=2)
    until(lambda: waiting(tmp_path) == {"both": 0, "later": 1})
    second.kill()
    first.communicate()
    assert sorted(seen(both).split(",")) == ["GPU-0", "GPU-1"]
    assert waiting(tmp_path) == {"later": 0}
    both.communicate()
    assert seen(later) in {"GPU-0", "GPU-1"}
    assert waiting(tmp_path) == {}


def test_who_waits_for_a_gpu_does_not_hold_up_the_processor(tmp_path):
    never, at_once = (lambda: False), (lambda: True)
    with device_lease(tmp_path, "a", 1.0, GPUS[:1], never) as held:
        assert held == GPUS[:1]
        with device_lease(tmp_path, "b", 2.0, GPUS[:1], at_once) as refused:
            assert refused == ()
        with device_lease(tmp_path, "c", 3.0, CPU, at_once) as processor:
            assert processor == CPU


def test_what_was_gathered_is_given_back_when_who_waits_gives_up(tmp_path):
    with device_lease(tmp_path, "a", 1.0, GPUS[:1], give_up=bool):
        with device_lease(tmp_path, "b", 2.0, GPUS[:2], lambda: True, count=2) as refused:
            assert refused == ()
        with device_lease(tmp_path, "c", 3.0, GPUS[1:2], lambda: True) as held:
            assert held == GPUS[1:2]


def test_one_device_is_not_taken_past_a_run_that_waits_for_two(tmp_path):
    pid, started = own_identity()
    write_ticket(tmp_path, "both", 1.0, "gpu", pid, started)
    with device_lease(tmp_path, "one", 2.0, GPUS[:2], lambda: True) as refused:
        assert refused == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"host": {}}', "[" * 10_000])
def test_a_damaged_ticket_is_not_waited_for(tmp_path, text):
    ticket = tmp_path / ".queue" / f"{1:020d}-damaged.json"
    ticket.parent.mkdir()
    ticket.write_text(text)
    with device_lease(tmp_path, "a", 2.0, CPU, lambda: True) as held:
        assert held == CPU
    assert ticket.exists()


@pytest.mark.parametrize("where", ["another machine", "another container", "another machine of this name"])
def test_tickets_of_elsewhere_are_left_alone_and_not_waited_for(tmp_path, where):
    queue = tmp_path / ".queue"
    queue.mkdir()
    ticket = queue / f"{1:020d}-elsewhere.json"
    started = re.sub(r"pids \d+", "pids 1", own_identity()[1])
    if where == "another container" and "pids 1 " not in started:
        pytest.skip("pids are every process's here")
    if where == "another machine of this name":
        started = started.replace("boot ", "boot 0")
    machine = where if where == "another machine" else host()
    ticket.write_text(json.dumps({"pid": 1, "process_started": started, "host": machine, "kind": "cpu"}))
    with device_lease(tmp_path, "a", 2.0, CPU, lambda: True) as held:
        assert held == CPU
    assert ticket.exists()
    assert waiting(tmp_path) == {}
