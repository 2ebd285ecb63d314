"""Who has which device, as it is told."""

from allcore.runs.execution.devices import Device
from allcore.runs.folder.process import host
from allcore.runs.summary import RunSummary
from pages.ui.known.runs import phase_text
from pages.ui.shared.queue import in_turn, in_use

HERE = (Device("gpu", 0, "GPU-1a"), Device("gpu", 1, "GPU-2b"), Device("cpu", 0, "here-0"))


def one(name, state, queued_at=0.0, **fields):
    return RunSummary(name, state, queued_at=queued_at, **fields)


def test_devices_are_free_or_a_runs_also_those_of_another_machine():
    active = [
        one("a", "running", host="here", devices=("GPU 1",)),
        one("b", "stopping", host="there", devices=("GPU 0", "GPU 1")),
        one("c", "queued", host="here"),
    ]
    assert in_use(active, HERE, "here") == [
        ("GPU 0", "free"), ("GPU 1", "a"), ("CPU 0", "free"), ("GPU 0 of there", "b"), ("GPU 1 of there", "b"),
    ]  # fmt: skip


def test_each_run_of_a_machine_is_named_also_where_a_scheduler_gave_them_devices_of_one_name():
    active = [
        one("a", "running", host="node1", devices=("CPU 0",)),
        one("b", "running", host="node1", devices=("CPU 0",)),
        one("c", "running", host="node2", devices=("CPU 0",)),
        one("d", "stopping", host="node1"),
        one("e", "running", host="node1"),
    ]
    assert in_use(active, (), "here") == [
        ("CPU 0 of node1", "a, b"), ("CPU 0 of node2", "c"), ("a device of node1", "d, e"),
    ]  # fmt: skip


def test_run_of_an_earlier_version_has_a_device_too():
    assert in_use([one("a", "running", host="here")], (), "here") == [("a device", "a")]


def test_active_runs_stand_in_the_order_in_which_they_were_launched():
    listed = [one("late", "queued", 3.0), one("over", "succeeded", 1.0), one("early", "running", 2.0)]
    assert [each.id for each in in_turn(listed)] == ["early", "late"]


def test_what_a_run_of_another_machine_waits_for_is_told_with_that_machine():
    waits = one("a", "queued", pid=1, host="there", phase="waiting for the device")
    assert phase_text(waits, {}) == "waiting for the device on there"
    assert phase_text(one("a", "queued", pid=1, host="there"), {}) == "starting on there"
    assert phase_text(one("a", "queued", pid=1, host=host(), phase="waiting for the device"), {"a": 2}) == (
        "2 ahead of it in the queue"
    )
