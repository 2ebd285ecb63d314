"""Which devices a machine has for runs, and which of them a run may have; the driver's tool is a stand-in's."""

import os
import re

import pytest

from allcore.config import make_config
from allcore.errors import ConfigError, DevicesUnknownError, SchedulerError
from allcore.hardware import system_devices
from allcore.runs.execution.devices import devices_here, see_only, suitable, take_given
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.execution.lease import device_lease
from allcore.runs.folder.files import STOP_FILE
from allcore.runs.folder.launches import claim_launch
from allcore.runs.folder.store import RunStore
from allcore.training import worker
from tests.full_disks.test_every_step import SPLIT
from tests.gpus import tell_of_gpus


@pytest.fixture
def two_gpus(tmp_path, monkeypatch):
    """Let the driver's own tool tell of two GPUs, which CUDA counts as the tool does."""
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    return tell_of_gpus(tmp_path, monkeypatch, "GPU-1a, A100, 8.0, 40960", "GPU-2b, T4, 7.5, 16384")


def labels(devices):
    return [device.label for device in devices]


def config(**fields):
    return make_config(dataset="smears", **fields)


def test_processor_is_one_device_and_more_where_that_is_asked_for(monkeypatch):
    assert labels(devices_here()) == ["CPU 0"]
    monkeypatch.setenv("ALLCORE_CPU_SLOTS", "3")
    assert labels(devices_here()) == ["CPU 0", "CPU 1", "CPU 2"]


@pytest.mark.parametrize("said", ["0", "-1", "two", "1.5", "99999"])
def test_number_of_places_that_is_none_is_refused(monkeypatch, said):
    monkeypatch.setenv("ALLCORE_CPU_SLOTS", said)
    with pytest.raises(ConfigError, match=f"ALLCORE_CPU_SLOTS: expected .* received '{said}'"):
        devices_here()


@pytest.mark.parametrize(
    ("allowed", "seen"),
    [(None, ["GPU 0", "GPU 1"]), ("1", ["GPU 1"]), ("GPU-1a", ["GPU 0"]), ("GPU-2", ["GPU 1"]), ("-1", []), ("", [])],
)
def test_gpus_are_those_that_the_driver_lists_and_the_environment_allows(two_gpus, monkeypatch, allowed, seen):
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert labels(devices_here()) == [*seen, "CPU 0"]


@pytest.mark.parametrize(
    ("fields", "fitting"),
    [({}, ["GPU 0", "GPU 1"]), ({"device": "cpu"}, ["CPU 0"]), ({"devices": 2}, ["GPU 0", "GPU 1"])],
)
def test_a_run_may_have_the_devices_of_its_kind(two_gpus, fields, fitting):
    assert labels(suitable(config(**fields), devices_here())) == fitting


def test_more_devices_than_there_are_is_said_before_a_run_waits_for_ever(two_gpus, monkeypatch):
    with pytest.raises(ConfigError, match="3 GPUs were asked for, and this machine has 2"):
        suitable(config(devices=3), devices_here())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setenv("ALLCORE_CPU_SLOTS", "2")
    with pytest.raises(ConfigError, match="2 GPUs were asked for, and this machine has 0"):
        suitable(config(devices=2), devices_here())


@pytest.mark.parametrize(
    ("taken", "visible"), [(["GPU 1"], "GPU-2b"), (["GPU 0", "GPU 1"], "GPU-1a,GPU-2b"), (["CPU 0"], "-1")]
)
def test_a_process_sees_the_gpus_that_it_has_and_no_other(two_gpus, monkeypatch, taken, visible):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    see_only(tuple(device for device in devices_here() if device.label in taken))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == visible


@pytest.mark.parametrize(
    ("named", "parts"),
    [
        ("MIG-abc", ["MIG-abc"]),
        (" MIG-abc, MIG-d,MIG-abc", ["MIG-abc", "MIG-d"]),
        ("MIG-GPU-1a/1/0", ["MIG-GPU-1a/1/0"]),
    ],
)
def test_a_part_of_a_gpu_is_a_device_and_stays_visible(two_gpus, monkeypatch, tmp_path, named, parts):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    fitting = suitable(config(), devices_here())
    assert [(device.kind, device.number, device.identity) for device in fitting] == [
        ("gpu", number, part) for number, part in enumerate(parts)
    ]
    with device_lease(tmp_path, "run", 0.0, fitting, lambda: True) as leased:
        see_only(leased)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == parts[0]


def test_a_part_of_a_gpu_has_a_number_of_its_own_beside_whole_ones(two_gpus, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,MIG-abc")
    assert labels(devices_here()) == ["GPU 1", "GPU 2", "CPU 0"]


@pytest.mark.parametrize("named", ["0", "1", "GPU-1a,1"])
@pytest.mark.parametrize("order", [None, "FASTEST_FIRST"])
def test_numbers_of_gpus_that_differ_are_refused_where_cuda_counts_otherwise(two_gpus, monkeypatch, named, order):
    monkeypatch.delenv("CUDA_DEVICE_ORDER")
    if order is not None:
        monkeypatch.setenv("CUDA_DEVICE_ORDER", order)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    with pytest.raises(ConfigError, match=r"CUDA_VISIBLE_DEVICES: .* UUIDs .* CUDA_DEVICE_ORDER=PCI_BUS_ID"):
        devices_here()


@pytest.mark.parametrize(("order", "given"), [("PCI_BUS_ID", ("GPU 1",)), ("FASTEST_FIRST", ("GPU",))])
def test_a_job_takes_the_gpu_that_its_scheduler_gives_by_number(two_gpus, monkeypatch, order, given):
    monkeypatch.setenv("CUDA_DEVICE_ORDER", order)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert take_given(config(), "slurm") == (given, ())


@pytest.mark.parametrize("named", [None, "GPU-2b", "-1", ""])
def test_gpus_that_differ_are_fine_where_no_number_names_them(two_gpus, monkeypatch, named):
    monkeypatch.delenv("CUDA_DEVICE_ORDER")
    if named is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert "CPU 0" in labels(devices_here())


def test_numbers_of_gpus_of_one_kind_are_fine(two_gpus, monkeypatch):
    monkeypatch.delenv("CUDA_DEVICE_ORDER")
    two_gpus.write_text(two_gpus.read_text().replace("T4, 7.5, 16384", "A100, 8.0, 40960"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert labels(devices_here()) == ["GPU 1", "CPU 0"]


@pytest.mark.parametrize(
    ("gpus", "first"),
    [
        (["T4, 7.5, 16384", "A100, 8.0, 40960"], ["GPU 1", "GPU 0"]),
        (["A100, 8.0, 40960", "A100, 8.0, 81920"], ["GPU 1", "GPU 0"]),
        (["T4, 7.5, 81920", "Orin, [N/A], [N/A]", "L4, 8.9, 24576"], ["GPU 2", "GPU 0", "GPU 1"]),
        (["A100, 8.0, 40960", "A100, 8.0, 40960"], ["GPU 0", "GPU 1"]),
    ],
)
def test_a_run_is_offered_the_strongest_gpu_first(two_gpus, gpus, first):
    lines = [f"echo 'GPU-{number}, {gpu}'" for number, gpu in enumerate(gpus)]
    two_gpus.write_text("\n".join(["#!/bin/sh", *lines]))
    assert labels(suitable(config(), devices_here())) == first


def test_gpus_that_the_driver_does_not_tell_of_stay_visible(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    see_only(devices_here())
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


@pytest.fixture
def silent_tool(two_gpus, monkeypatch):
    """Let the driver's own tool not answer in the time that it is given."""
    two_gpus.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr("allcore.hardware._TOOL_SECONDS", 0.05)


@pytest.mark.process
def test_tool_that_does_not_answer_is_said_and_never_means_that_there_is_no_gpu(silent_tool, workspace, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    executor = LocalExecutor(workspace)
    for ask in (executor.check, executor.at_once):
        with pytest.raises(SchedulerError, match="nvidia-smi did not answer"):  # it may at the next launch
            ask(config())
    run = RunStore(workspace.runs).create(config(), SPLIT)
    assert worker.run_worker(run.folder) == 1
    status = run.status()
    assert (status.state, status.devices) == ("failed", ())
    assert "nvidia-smi did not answer" in status.error
    assert system_devices().gpus == ()


def test_worker_waits_for_a_tool_that_is_slow_once(workspace, monkeypatch):
    here, found = iter([DevicesUnknownError("nvidia-smi did not answer"), devices_here()]), []

    def devices_in_a_while():
        if isinstance(said := next(here), Exception):
            raise said
        return said

    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(worker, "devices_here", devices_in_a_while)
    monkeypatch.setattr(worker, "see_only", lambda _: None)
    monkeypatch.setattr(worker, "_train", lambda _, status, *__: found.append(status.devices) or 0)
    run = RunStore(workspace.runs).create(config(device="cpu"), SPLIT)
    assert worker.run_worker(run.folder) == 0
    assert found == [("CPU 0",)]


@pytest.mark.parametrize("at", [1, 3])
def test_run_that_is_stopped_while_the_tool_is_silent_is_cancelled(workspace, monkeypatch, at):
    run, asked = RunStore(workspace.runs).create(config(device="cpu"), SPLIT), []

    def silent():
        asked.append(1)
        if len(asked) == at:
            (run.folder / STOP_FILE).touch()
        raise DevicesUnknownError("nvidia-smi did not answer")

    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(worker, "devices_here", silent)
    assert worker.run_worker(run.folder) == 0
    assert (run.status().state, len(asked)) == ("cancelled", at)


@pytest.mark.process
@pytest.mark.parametrize("none", ["-1", ""])
def test_tool_is_not_asked_where_no_gpu_is_to_be_seen(two_gpus, tmp_path, monkeypatch, none):
    two_gpus.write_text(f"#!/bin/sh\ntouch '{tmp_path}/asked'\necho 'GPU-1a, A100, 8.0, 40960'\n")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", none)
    assert labels(devices_here()) == ["CPU 0"]
    assert system_devices().gpus == ()
    see_only(())
    assert take_given(config(), "slurm") == (("CPU",), ())
    assert os.environ["CUDA_VISIBLE_DEVICES"] == none
    assert not (tmp_path / "asked").exists()


@pytest.mark.process
@pytest.mark.parametrize(("given", "taken", "seen"), [(None, "CPU", "-1"), ("0", "GPU", "0"), ("-1", "CPU", "-1")])
def test_job_whose_machine_does_not_tell_of_its_gpus_sees_what_it_was_given(
    silent_tool, monkeypatch, given, taken, seen
):
    if given is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert take_given(config(), "slurm")[0] == (taken,)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == seen


@pytest.mark.parametrize(("allowed", "seen", "taken"), [(None, "-1", ("CPU",)), ("GPU-2b", "GPU-2b", ("GPU 1",))])
def test_run_that_a_scheduler_gave_no_gpu_sees_none_of_those_that_other_jobs_have(
    two_gpus, workspace, monkeypatch, allowed, seen, taken
):
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    found = []
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(
        worker, "_train", lambda _, status, *__: found.append((os.environ["CUDA_VISIBLE_DEVICES"], status.devices)) or 0
    )
    run = RunStore(workspace.runs).create(config(), SPLIT)
    launch = claim_launch(run.folder, "slurm", None)
    assert worker.run_worker(run.folder, launch.number) == 0
    assert found == [(seen, taken)]


@pytest.mark.parametrize(
    ("executor", "said"),
    [("slurm", r"Slurm gave .* \(slurm\.gpu\), .* export CUDA_VISIBLE_DEVICES=0$"), ("ray", r"Ray .* \(ray\.gpus\)$")],
)
def test_run_that_was_given_no_gpu_by_a_scheduler_that_may_not_manage_them_says_so(two_gpus, executor, said):
    given, (warning,) = take_given(config(), executor)
    assert given == ("CPU",)
    assert warning.startswith("2 GPUs are there, and ")
    assert re.search(said, warning)


@pytest.mark.parametrize(("fields", "allowed"), [({"device": "cpu"}, None), ({}, ""), ({}, "GPU-2b")])
def test_run_that_wants_no_gpu_or_was_told_of_its_own_is_not_warned(two_gpus, monkeypatch, fields, allowed):
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert take_given(config(**fields), "slurm")[1] == ()
