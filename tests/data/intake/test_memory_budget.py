"""What all threads decode at once is bounded, and each gets its turn."""

import subprocess
import sys
import threading
from io import BytesIO

import pytest
from PIL import Image

from allcore.data.intake import images as intake
from allcore.data.intake.images import decode
from allcore.data.intake.memory_budget import MemoryBudget


def in_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_what_is_held_at_once_never_exceeds_the_whole():
    budget, lock, held, most = MemoryBudget(10), threading.Lock(), [0], [0]

    def work(wanted):
        for _ in range(50):
            with budget.held(wanted):
                with lock:
                    held[0] += wanted
                    most[0] = max(most[0], held[0])
                with lock:
                    held[0] -= wanted

    for thread in [in_a_thread(lambda wanted=wanted: work(wanted)) for wanted in (1, 3, 4, 6, 10, 9)]:
        thread.join()
    assert 0 < most[0] <= 10


def test_more_than_there_is_gets_all_of_it_alone():
    budget = MemoryBudget(10)
    with budget.held(11):
        waiting = in_a_thread(lambda: budget.held(1).__enter__())
        assert waiting.is_alive()
    waiting.join()


def test_a_large_one_that_waits_is_not_passed_by_small_ones():
    budget, order, begun = MemoryBudget(10), [], threading.Event()

    def large():
        begun.set()
        with budget.held(10):
            order.append("large")

    def small():
        with budget.held(1):
            order.append("small")

    with budget.held(1):
        first = in_a_thread(large)
        begun.wait()
        while not budget._next.locked():  # until it stands first in line
            pass
        second = in_a_thread(small)
    first.join(), second.join()
    assert order == ["large", "small"]


def test_it_is_given_back_when_decoding_fails():
    budget = MemoryBudget(10)
    with pytest.raises(ZeroDivisionError), budget.held(10):
        _ = 1 / 0
    with budget.held(10):
        pass


def test_every_picture_is_decoded_within_the_budget(monkeypatch):
    asked, really = [], MemoryBudget.held
    monkeypatch.setattr(MemoryBudget, "held", lambda self, wanted: asked.append(wanted) or really(self, wanted))
    file = BytesIO()
    Image.new("RGB", (30, 20)).save(file, "PNG")
    assert decode(file.getvalue()).shape == (20, 30, 3)
    assert asked == [30 * 20 * intake._BYTES_PER_PIXEL]


PEAK = """
import io, threading
from PIL import Image
from allcore.data.intake.images import decode
file = io.BytesIO()
Image.new("RGB", (5000, 4000), (9, 99, 200)).save(file, "PNG")
def now(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name)) * 1024
before = now("VmRSS")
threads = [threading.Thread(target=lambda: decode(file.getvalue())) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(now("VmHWM") - before)
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.slow
def test_eight_pictures_of_20_megapixels_at_once_stay_within_it():
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2**30
