"""A process that may use a part of the machine's processors works with that part."""

import os
import subprocess
import sys

import pytest

from allcore.installation import PROJECT
from allcore.processors import processors

V2, V1 = "sys/fs/cgroup", "sys/fs/cgroup/cpu"


def system(root, own, version, groups):
    """Write a system whose process is in the control group `own`, with the processor time that each group is given."""
    for group, granted in groups.items():
        folder = root / version / group
        folder.mkdir(parents=True, exist_ok=True)
        names = ("cpu.max",) if version == V2 else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        for name, text in zip(names, granted, strict=True):
            (folder / name).write_text(f"{text}\n")
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(own)
    return root


@pytest.mark.parametrize(
    ("own", "version", "groups", "expected"),
    [
        ("0::/job/task\n", V2, {"job/task": ["200000 100000"]}, 2),
        ("0::/job/task\n", V2, {"job/task": ["max 100000"], "job": ["450000 100000"], "other": ["100000 100000"]}, 5),
        ("0::/\n", V2, {"": ["50000 100000"]}, 1),
        ("0::/job\n", V2, {"job": ["max 100000"]}, 16),
        ("0::/job\n", V2, {"job": ["6400000 100000"]}, 16),
        ("0::/docker/of-the-host\n", V2, {"": ["300000 100000"]}, 3),
        ("3:cpu,cpuacct:/a\n2:memory:/a\n0::/\n", V1, {"a": ["400000", "100000"]}, 4),
        ("3:cpu,cpuacct:/a\n0::/\n", V1, {"a": ["-1", "100000"]}, 16),
        ("3:cpuset:/a\n0::/\n", V1, {"a": ["400000", "100000"]}, 16),
        ("nonsense", V2, {}, 16),
    ],
)
def test_processors_are_those_that_the_control_groups_grant(tmp_path, monkeypatch, own, version, groups, expected):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)), raising=False)
    assert processors(system(tmp_path, own, version, groups)) == expected


def test_processors_are_those_that_the_process_may_run_on(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 7}, raising=False)
    assert processors(tmp_path) == 2
    assert processors(system(tmp_path, "0::/job\n", V2, {"job": ["400000 100000"]})) == 2
    monkeypatch.delattr("os.sched_getaffinity")
    assert processors(tmp_path) == 4


ON_ONE = """
import os
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
from pathlib import Path
from allcore.hardware import system_devices
from allcore.inference.network import open_network
from allcore.training.batches import THREADS
network = open_network(Path("models/vgg16-150px.onnx"))
print(system_devices().cores, THREADS, network.session.get_session_options().intra_op_num_threads)
"""


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system holds no process to a processor")
def test_a_process_on_one_processor_plans_makes_batches_and_predicts_with_one():
    done = subprocess.run([sys.executable, "-c", ON_ONE], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1", "1"]
