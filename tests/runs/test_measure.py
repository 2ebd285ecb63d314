"""A few steps in a process of their own say how long a run would take."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from allcore.errors import RunError
from allcore.hardware import Devices
from allcore.runs.estimate import estimate
from allcore.runs.execution.devices import devices_here
from allcore.runs.execution.executor import worker_environment
from allcore.runs.execution.lease import device_lease
from allcore.runs.measure import measure
from allcore.workspace import Workspace

MACHINE = Devices(cores=2, cpu_bfloat16=True, memory=24 * 2**30)


@pytest.fixture(scope="module")
def measured(tmp_path_factory, tiny_config):
    """Return a configuration, the workspace that it was measured in, and the measurement."""
    workspace = Workspace(tmp_path_factory.mktemp("measured"))
    config = tiny_config(epochs=5)
    return config, workspace, measure(config, workspace)


@pytest.mark.process
def test_the_whole_is_measured_and_not_the_steps_alone(measured, finished_run):
    config, _, found = measured
    split = finished_run.split
    assert found.images == (len(split.rows("train")), len(split.rows("validation")), len(split.table))
    assert found.seconds_per_epoch > len(split.rows("train")) / found.images_per_second
    assert min(found.before_seconds, found.after_seconds, found.baseline_seconds) > 0
    whole = found.before_seconds + config.epochs * found.seconds_per_epoch + found.after_seconds
    whole += found.baseline_seconds
    assert found.total_seconds == pytest.approx(whole)
    assert estimate(config, split, MACHINE, found.speed()).total_seconds == pytest.approx(whole)


@pytest.mark.process
def test_memory_and_device_are_told(measured, finished_run):
    assert measured[2].memory_bytes > 100e6
    assert measured[2].device == finished_run.status().device


@pytest.mark.process
def test_nothing_is_left_behind(measured):
    _, workspace, _ = measured
    assert [path.name for path in workspace.runs.iterdir()] == [".queue"]
    assert [path.name for path in (workspace.runs / ".queue").glob("*.json")] == []


@pytest.mark.process
def test_measuring_is_refused_while_a_run_has_the_device(workspace, tiny_config):
    with device_lease(workspace.runs, "a-run", time.time(), devices_here(), give_up=lambda: True) as leased:
        assert leased
        with pytest.raises(RunError, match="runs have this machine's devices, or wait for them"):
            measure(tiny_config(), workspace)


@pytest.mark.process
def test_what_stands_in_the_way_is_said(workspace, tiny_config):
    with pytest.raises(RunError, match="no dataset at"):
        measure(tiny_config(dataset=os.devnull), workspace)


@pytest.mark.process
def test_measuring_ends_after_its_time(workspace, tiny_config):
    with pytest.raises(RunError, match=r"took longer than 0\.01 seconds"):
        measure(tiny_config(), workspace, timeout=0.01)


@pytest.mark.process
def test_measuring_ends_with_who_waits_for_it(workspace, tiny_config):
    class LeftError(Exception):
        pass

    def leave():
        raise LeftError

    with pytest.raises(LeftError):
        measure(tiny_config(), workspace, while_waiting=leave)
    children = psutil.Process().children()
    assert not [child for child in children if "measure" in child.cmdline()]


@pytest.mark.process
def test_steps_end_when_nobody_holds_their_standard_input(workspace, tiny_config, tmp_path):
    file = tmp_path / "config.json"
    file.write_text(tiny_config().to_json())
    ended = subprocess.run(
        [sys.executable, "-m", "allcore", "measure", str(file)], stdin=subprocess.DEVNULL, capture_output=True,
        env=worker_environment(workspace), timeout=120, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (1, b"")
