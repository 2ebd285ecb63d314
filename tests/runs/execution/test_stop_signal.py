"""Whether a worker is asked to stop for good, or a scheduler wants its machine back."""

import os
import signal

import pytest

from allcore.runs.execution.stop_signal import StopSignal
from allcore.runs.folder.files import STOP_FILE


@pytest.fixture(autouse=True)
def handlers():
    """Put back how this process takes signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_signal_of_a_scheduler_is_obeyed_and_the_run_goes_on_later(tmp_path, number):
    stop = StopSignal(tmp_path, scheduled=True)
    assert not stop()
    os.kill(os.getpid(), number)
    assert stop()
    assert stop.goes_on_later()


def test_run_that_its_user_stops_does_not_go_on_later_whatever_else_is_sent(tmp_path):
    stop = StopSignal(tmp_path, scheduled=True)
    os.kill(os.getpid(), signal.SIGTERM)
    (tmp_path / STOP_FILE).touch()
    assert stop()
    assert not stop.goes_on_later()


def test_without_a_scheduler_a_signal_stops_for_good(tmp_path):
    stop = StopSignal(tmp_path)
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop()
    assert not stop.goes_on_later()
