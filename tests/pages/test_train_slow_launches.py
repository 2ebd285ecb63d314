"""Train: launches that take their time go on when the page is left, and what comes of each is said."""

from __future__ import annotations

import threading

import pytest
import streamlit as st

from allcore.runs.folder.store import Run
from allcore.runs.measure import Measurement
from allcore.text import for_page
from tests.pages.opening import choose, left_while_they_wait, metric, open_page, press, tiny


class Slow:
    """An executor whose disk takes its time: a run is submitted once `go_on` is set."""

    def __init__(self, folder):
        self.go_on, self.launched, self._folder = threading.Event(), [], folder

    def submit(self, config, on_progress):
        self.launched.append(config)
        number = len(self.launched)
        while not self.go_on.wait(0.01):
            on_progress(1, 2)
        return Run(self._folder / f"run-{number}")


@pytest.fixture
def slow(workspace, monkeypatch):
    """Let runs be submitted slowly."""
    made = Slow(workspace.runs)
    monkeypatch.setattr("pages.ui.train.launching.executor", lambda: made)
    yield made
    made.go_on.set()


def test_a_launch_goes_on_when_its_page_is_left_and_is_said_once_on_the_next_look(data, slow, monkeypatch):
    app = open_page("train", **tiny(), preset="Custom")
    with left_while_they_wait(monkeypatch):
        press(app, "Launch")
    assert not app.success
    slow.go_on.set()
    assert app.run().success[0].proto.title == for_page("run-1 is launched")
    assert not app.run().success


def test_a_second_click_while_a_slow_disk_takes_the_first_launches_nothing_more(data, slow, monkeypatch):
    monkeypatch.setattr("pages.ui.train.launching._SAME_CLICK_SECONDS", 1e9)
    app = open_page("train", **tiny(), preset="Custom")
    with left_while_they_wait(monkeypatch):
        press(app, "Launch")
        press(app, "Launch")
    slow.go_on.set()
    assert app.run().success[0].proto.title == for_page("run-1 is launched")
    assert press(app, "Launch").success[0].proto.title == for_page("run-1 is launched")
    assert len(slow.launched) == 1


def test_what_comes_of_each_launch_is_said_also_where_another_is_launched_meanwhile(data, slow, monkeypatch):
    app = open_page("train", **tiny(), preset="Custom")
    with left_while_they_wait(monkeypatch):
        press(app, "Launch")
        press(choose(app, "custom.image_size", 64), "Launch")
    slow.go_on.set()
    assert [said.proto.title for said in app.run().success] == [
        for_page("run-1 is launched"),
        for_page("run-2 is launched"),
    ]
    assert [config.image_size for config in slow.launched] == [32, 64]
    assert not app.run().success


def test_a_launch_that_is_cancelled_launches_nothing_and_says_so(data, slow, monkeypatch):
    app = open_page("train", **tiny(), preset="Custom")
    with left_while_they_wait(monkeypatch):
        press(app, "Launch")
    press(app, "Cancel")
    assert "The launch was cancelled" in [warning.proto.title for warning in app.warning]
    assert not app.success


def test_a_launch_while_something_is_measured_is_launched_and_said(data, slow, monkeypatch):
    measuring = threading.Event()

    def measure(config, workspace, while_waiting):
        assert measuring.wait(60)
        return Measurement(40.0, 9.0, 12.0, 60.0, 30.0, 6000.0, (1, 1, 4), 3 * 2**30, "CPU, 2 cores")

    monkeypatch.setattr("pages.ui.train.measuring.measure", measure)
    st.cache_resource.clear()  # the speeds that another test measured
    app = open_page("train", **tiny(), preset="Custom")
    with left_while_they_wait(monkeypatch):
        press(app, "Measure")
    slow.go_on.set()
    press(app, "Launch")
    assert app.success[0].proto.title == for_page("run-1 is launched")
    measuring.set()
    assert metric(app.run(), "Time, about").delta == "40 images/s, measured"
