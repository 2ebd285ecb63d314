"""Pages take turns: no more than three run at once, none waits for ever, and one that only waits does not count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Semaphore

import pytest

from pages.ui import turns
from pages.ui.shared_work import wait_for
from pages.ui.turns import leave_turn, turn


@pytest.fixture(autouse=True)
def _turns(monkeypatch):
    monkeypatch.setattr(turns, "_TURNS", Semaphore(3))


def _running(go_on: Event, started: Barrier) -> None:
    with turn():
        started.wait(30)
        assert go_on.wait(30)


def test_a_fourth_page_waits_until_one_of_three_is_over(monkeypatch):
    monkeypatch.setattr(turns, "_MOST_SECONDS", 600.0)
    go_on, started, fourth = Event(), Barrier(4), Event()

    def another() -> None:
        with turn():
            fourth.set()

    with ThreadPoolExecutor(4) as pages:
        for _ in range(3):
            pages.submit(_running, go_on, started)
        started.wait(30)
        waiting = pages.submit(another)
        assert not fourth.wait(0.2)
        go_on.set()
        waiting.result(30)
    assert fourth.is_set()


def test_a_page_does_not_wait_for_ever_and_gives_back_no_more_than_it_took(monkeypatch):
    monkeypatch.setattr(turns, "_MOST_SECONDS", 0.01)
    go_on, started = Event(), Barrier(4)
    with ThreadPoolExecutor(3) as pages:
        for _ in range(3):
            pages.submit(_running, go_on, started)
        started.wait(30)
        with turn():
            pass
        assert not turns._TURNS.acquire(blocking=False)
        go_on.set()
    assert [turns._TURNS.acquire(blocking=False) for _ in range(4)] == [True, True, True, False]


def test_a_page_that_fails_gives_its_turn_back():
    with pytest.raises(ZeroDivisionError), turn():
        _ = 1 / 0
    assert [turns._TURNS.acquire(blocking=False) for _ in range(4)] == [True, True, True, False]


def test_a_page_that_waits_for_long_work_lets_others_run(monkeypatch):
    monkeypatch.setattr(turns, "_MOST_SECONDS", 600.0)
    begun, go_on = Event(), Event()

    def work(progress):
        begun.set()
        assert go_on.wait(30)
        return "found"

    def page() -> str:
        with turn():
            return wait_for("a long search", "Searching", work)

    with ThreadPoolExecutor(3) as pages:
        waiting = [pages.submit(page) for _ in range(3)]
        assert begun.wait(30)
        with turn():
            pass
        go_on.set()
        assert [each.result(30) for each in waiting] == ["found"] * 3
    assert [turns._TURNS.acquire(blocking=False) for _ in range(4)] == [True, True, True, False]


def test_outside_of_a_turn_there_is_none_to_leave():
    leave_turn()
    assert [turns._TURNS.acquire(blocking=False) for _ in range(4)] == [True, True, True, False]
