"""How many members a scheduler is asked to take, and when again: as its refusals tell."""

from __future__ import annotations

import pytest

from allcore.studies import room
from allcore.studies.room import Room


@pytest.fixture
def clock(monkeypatch):
    """Return the clock's seconds in a list, which stand until a test moves them."""
    seconds = [0.0]
    monkeypatch.setattr(room.time, "monotonic", lambda: seconds[0])
    return seconds


def test_pauses_double_while_it_refuses_and_one_more_is_tried_after_each(clock):
    it = Room()
    assert it.of(8) == 8
    it.heard(0, 3, "no more", 8)
    pauses = []
    for _ in range(7):
        assert it.of(8) == 3
        began = clock[0]
        while not it.may_ask_again():
            clock[0] += 10
        pauses.append(clock[0] - began)
        assert it.of(8) == 4
        it.heard(3, 0, "no more", 8)
    assert pauses == [60, 120, 240, 480, 960, 1800, 1800]
    clock[0] += 1800
    for going in range(3, 8):
        assert it.of(8) == going + 1
        it.heard(going, 1, "", 8)
    assert (it.of(8), it.refusal) == (8, "")


def test_where_it_had_room_a_moment_ago_it_is_asked_again_soon(clock):
    it = Room()
    it.heard(0, 20, "no more", 30)
    for _ in range(6):  # its pauses grow to half an hour
        clock[0] += 1800
        it.heard(20, 0, "no more", 30)
    it.heard(19, 0, "no more", 30)
    clock[0] += 60
    assert it.of(30) == 20


def test_what_goes_on_by_other_hands_is_room_too(clock):
    it = Room()
    it.heard(0, 4, "no more", 8)
    clock[0] += 60
    it.goes_on(6, 8)
    assert (it.of(8), it.refusal) == (7, "no more")
    it.goes_on(6, 6)
    assert (it.of(6), it.refusal) == (6, "")


@pytest.mark.parametrize(
    ("seconds", "going", "taken", "refusal"),
    [(90_000.0, 0, 1, ""), (108_000.0, 1, 0, "no more")],
    ids=["the last that was taken", "the last that went on, for thirty hours"],
)
def test_a_day_of_patience_counts_from(clock, seconds, going, taken, refusal):
    it = Room()
    it.heard(0, 1, "no more", 4)
    clock[0] = seconds
    it.heard(going, taken, refusal, 4)
    clock[0] += 60
    it.heard(0, 0, "no more", 4)
    assert not it.is_hopeless()


def test_pauses_do_not_double_while_others_are_refused(clock):
    it = Room()
    it.heard(0, 1, "no", 4)
    for _ in range(3):
        clock[0] += 60
        assert it.may_ask_again()
        it.heard(1, 0, "no", 4, once_more=False)
    clock[0] += 60
    it.heard(1, 0, "no", 4)
    clock[0] += 60
    assert not it.may_ask_again()


def test_a_scheduler_that_took_some_is_waited_for_a_day_and_one_that_took_none_minutes(clock):
    never, once = Room(), Room()
    for it, taken in ((never, 0), (once, 1)):
        it.heard(0, taken, "no", 8)
        assert not it.is_hopeless()
    clock[0] = 300.0
    for it in (never, once):
        it.heard(0, 0, "no", 8)
    assert (never.is_hopeless(), once.is_hopeless()) == (True, False)
    clock[0] = 90_000.0
    assert once.is_hopeless()
