"""A full disk at the end of a training is waited for; anything else is not."""

import errno

import pytest

from allcore.training import wait_for_room
from allcore.training.loop import Stopped
from allcore.training.wait_for_room import write_when_there_is_room

FULL = [
    OSError(errno.ENOSPC, "No space left on device"),
    RuntimeError("Can't write data (file write failed: errno = 28, error message = 'No space left on device')"),
]
QUOTA = [
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    RuntimeError("Can't write data (file write failed: errno = 122, error message = 'Disk quota exceeded')"),
]


@pytest.fixture
def waits(monkeypatch):
    """Return the seconds slept, which pass at once."""
    slept = []
    monkeypatch.setattr(wait_for_room.time, "sleep", slept.append)
    monkeypatch.setattr(wait_for_room.time, "monotonic", lambda: sum(slept))
    return slept


def failing(*errors):
    """Return something to write that fails with each of the errors in turn, and what it wrote at last."""
    written, left = [], list(errors)

    def write():
        if left:
            raise left.pop(0)
        written.append("results")

    return write, written


@pytest.mark.parametrize(
    ("errors", "why"),
    [
        (FULL, "the disk is full (No space left on device)"),
        (QUOTA, "your quota on the disk is used up (Disk quota exceeded)"),
    ],
)
def test_full_disk_is_tried_again_until_there_is_room(waits, errors, why):
    warnings, said = [], []
    write, written = failing(*errors)
    write_when_there_is_room(write, said.append, warnings.append)
    assert written == ["results"]
    assert set(warnings) == {f"the results waited for room: {why}"}
    assert len(said) == len(waits) == 60


def test_results_that_take_longer_than_an_hour_are_waited_for_like_others(waits):
    refused, written = failing(FULL[0])

    def write():
        waits.append(4000.0)  # as long as predicting many images takes
        refused()

    write_when_there_is_room(write, lambda phase: None, lambda warning: None)
    assert written == ["results"]


def test_what_is_not_for_want_of_room_is_raised_at_once(waits):
    write, _ = failing(OSError(errno.EIO, "Input/output error"))
    with pytest.raises(OSError, match="Input/output"):
        write_when_there_is_room(write, print, print)
    assert waits == []


def test_stop_request_ends_the_waiting(waits):
    def say(phase):
        raise Stopped

    with pytest.raises(Stopped):
        write_when_there_is_room(failing(FULL[0])[0], say, print)


def test_disk_that_stays_full_ends_the_run_after_an_hour(waits):
    with pytest.raises(OSError, match="No space"):
        write_when_there_is_room(failing(*FULL[:1] * 1000)[0], lambda phase: None, lambda warning: None)
    assert 3600 < sum(waits) < 3700
