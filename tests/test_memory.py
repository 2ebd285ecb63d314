"""A process that was asked to returns what it freed."""

import gc
import platform
import subprocess
import sys
import weakref
from types import SimpleNamespace

import pytest

from allcore.memory import available_memory, collect_sparingly, imported_for_good

PROGRAM = """
import sys
import psutil
if sys.argv[1] == "asked late":
    import pyarrow
if sys.argv[1] != "not asked":
    from allcore.memory import return_freed_memory
    return_freed_memory()
import pyarrow

def freed():
    block = bytearray(30_000_000)
    del block
    blocks = [bytearray(300_000) for _ in range(400)]
    last = blocks.pop()
    blocks.clear()
    return last

before = psutil.Process().memory_info().rss
last = freed()
print(psutil.Process().memory_info().rss - before, pyarrow.default_memory_pool().backend_name)
"""


def kept(how):
    command = [sys.executable, "-c", PROGRAM, how]
    bytes_kept, pool = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return int(bytes_kept), pool


@pytest.mark.process
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="claims what glibc does")
def test_blocks_below_one_in_use_are_returned_only_where_that_was_asked():
    assert kept("asked")[0] < 20e6
    assert kept("not asked")[0] > 80e6


@pytest.mark.process
@pytest.mark.parametrize("how", ["asked", "asked late"])
def test_arrow_uses_the_systems_memory(how):
    assert kept(how)[1] == "system"


class Circle:
    def __init__(self):
        self.itself = self


@pytest.fixture
def passed_over():
    """Let what a test keeps out of collections come back into them."""
    yield
    gc.unfreeze()


def test_what_was_there_is_passed_over_until_the_next_time(passed_over):
    circle = Circle()
    gone = weakref.ref(circle)
    collect_sparingly(0.0)
    assert gc.get_freeze_count() > len(gc.get_objects())
    del circle
    gc.collect()
    assert gone()
    collect_sparingly(0.0)
    assert not gone()


def test_what_is_left_since_is_collected_more_often(passed_over):
    old = Circle()
    collect_sparingly(0.0)
    old, gone_old, gone = None, weakref.ref(old), weakref.ref(Circle())
    collect_sparingly(1e9, 0.0)
    assert gone_old()
    assert not gone()


def test_within_the_time_nothing_is_collected_again(passed_over):
    collect_sparingly(0.0)
    gone = weakref.ref(Circle())
    collect_sparingly(1e9, 1e9)
    assert gone()


def test_what_is_imported_for_good_is_never_looked_through_again(passed_over):
    with imported_for_good():
        assert not gc.isenabled()
        circle = Circle()
    gone = weakref.ref(circle)
    del circle
    gc.collect()
    assert gc.isenabled()
    assert gone()


GIB = 2**30
V2, V1 = "sys/fs/cgroup", "sys/fs/cgroup/memory"
FILES = {V2: ("max", "current"), V1: ("limit_in_bytes", "usage_in_bytes")}


def system(root, own, version, groups):
    """Write a system whose process is in the control group `own`, with the limit, use and cached files of each."""
    for group, (limit, used, cached) in groups.items():
        folder = root / version / group
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in zip(FILES[version], (limit, used), strict=True):
            (folder / f"memory.{name}").write_text(f"{value}\n")
        (folder / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\ntotal_inactive_file {cached}\n")
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(own)
    return root


@pytest.mark.parametrize(
    ("own", "version", "groups", "left"),
    [
        ("0::/job/task\n", V2, {"job/task": (8 * GIB, 3 * GIB, GIB)}, 6),
        ("0::/job/task\n", V2, {"job/task": ("max", GIB, 0), "job": (5 * GIB, GIB, 0), "other": (GIB, 0, 0)}, 4),
        ("0::/job\n", V2, {"job": (GIB, 2 * GIB, 0)}, 0),
        ("0::/\n", V2, {"": (7 * GIB, 0, 0)}, 7),
        ("0::/docker/of-the-host\n", V2, {"": (7 * GIB, 0, 0)}, 7),
        ("3:cpu,cpuacct:/a\n2:memory:/a\n0::/\n", V1, {"a": (9 * GIB, 2 * GIB, GIB)}, 8),
        ("3:cpu:/a\n0::/\n", V1, {"a": (9 * GIB, 0, 0)}, 512),
        ("0::/job\n", V2, {"job": ("max", GIB, 0)}, 512),
        ("nonsense", V2, {}, 512),
    ],
)
def test_memory_for_a_process_is_what_its_control_groups_leave(tmp_path, monkeypatch, own, version, groups, left):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=512 * GIB))
    assert available_memory(system(tmp_path, own, version, groups)) == left * GIB


def test_memory_is_the_machines_where_it_has_less_or_knows_no_control_groups(tmp_path, monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=2 * GIB))
    assert available_memory(tmp_path) == 2 * GIB
    assert available_memory(system(tmp_path, "0::/job\n", V2, {"job": (8 * GIB, 0, 0)})) == 2 * GIB
