"""Work in threads, a few items ahead of whoever takes the results."""

import subprocess
import sys
import threading

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from allcore.threads import in_threads, linear_algebra_in_one_thread


def test_results_come_in_the_order_of_the_items():
    assert list(in_threads(lambda number: number * number, range(50), workers=3)) == [n * n for n in range(50)]
    assert list(in_threads(str, [])) == []


def test_what_an_item_raises_is_raised_in_its_place():
    results = in_threads(lambda number: 1 // number, [1, 0, 1], workers=1)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.mark.parametrize("ahead", [1, 4])
def test_whoever_stops_waits_for_a_few_items_alone(ahead):
    begun = []
    results = in_threads(begun.append, range(10_000), workers=2, ahead=ahead)
    next(results)
    results.close()
    assert len(begun) <= 2 * ahead


def test_items_are_worked_on_at_once():
    together = threading.Barrier(2, timeout=30)
    assert list(in_threads(lambda _: together.wait() >= 0, range(4), workers=2)) == [True] * 4


@pytest.mark.process
def test_a_process_that_ends_does_not_wait_for_what_is_left():
    code = (
        "import itertools, threading, time\n"
        "from allcore.threads import in_threads\n"
        "begun = threading.Event()\n"
        "def work(number):\n"
        "    begun.set()\n"
        "threading.Thread(target=lambda: [None for _ in in_threads(work, itertools.count(), 2)], daemon=True).start()\n"
        "begun.wait(30)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], timeout=120, check=False, capture_output=True)
    assert ended.returncode == 0


def test_linear_algebra_has_its_threads_back_once_nobody_wants_one_alone():
    import numpy as np  # noqa: F401 - has the linear algebra

    def threads():
        return [of["num_threads"] for of in threadpool_info() if of["user_api"] == "blas"]

    if not threads():
        pytest.skip("threadpoolctl does not know this machine's linear algebra")
    with threadpool_limits(2, user_api="blas"):
        assert set(threads()) == {2}
        first, second = linear_algebra_in_one_thread(), linear_algebra_in_one_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert set(threads()) == {1}
        second.__exit__(None, None, None)
        assert set(threads()) == {2}
