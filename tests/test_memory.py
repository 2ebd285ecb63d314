"""A process that was asked to returns what it freed."""

import gc
import platform
import subprocess
import sys
import weakref

import pytest

from allcore.memory import collect_sparingly, imported_for_good

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
