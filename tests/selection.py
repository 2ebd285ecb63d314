"""Which tests are run, and in which order: the quick ones alone, the long ones first, a file to a worker."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

FOLDERS = {"e2e": "browser", "model": "tensorflow", "training": "tensorflow"}
"""What the tests of a folder need that takes long; `--fast` does not even read these folders."""

STARTERS = {"finished", "executor", "start", "launched"}
"""Fixtures that start a process; a test that starts one without them is marked `process` itself."""

SLOW = {"overlapping", "twins"}
"""Fixtures that take seconds of a processor: large fields are drawn, and searched for overlap."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the selection for the habit of every minute."""
    parser.addoption("--cluster", action="store_true", help="also the tests that need a scheduler of their own")
    parser.addoption("--fast", action="store_true", help="without slow tests, processes, TensorFlow and a browser")


def pytest_configure(config: pytest.Config) -> None:
    """Hold `--fast` to its word: another Python, or TensorFlow, is refused to the tests that are left."""

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event == "subprocess.Popen" and arguments[0] == sys.executable:
            raise PermissionError("a test that starts a process is marked: @pytest.mark.process")
        if event == "import" and arguments[0] == "tensorflow":
            raise PermissionError("a test that needs TensorFlow lies in tests/model or tests/training")

    os.environ.pop("MLFLOW_TRACKING_URI", None)  # the server that it names is somebody's, and no test's
    if config.getoption("fast") and not config.getoption("numprocesses", None):
        sys.addaudithook(refuse)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as background jobs inherit it, and so would ours from here
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out whole folders, since reading their tests alone would import TensorFlow, or they need a cluster."""
    if collection_path.name == "cluster" and not config.getoption("cluster"):
        return True
    return (config.getoption("fast") and collection_path.name in FOLDERS) or None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while tests are read, and look through what was read then, TensorFlow too, never again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what takes long, and begin with the files that hold it, so that all workers end at about one time.

    Of these, the first are those that need not wait until the run of all tests has finished.
    """
    slow: set[Path] = set()
    waiting: set[Path] = set()
    for item in items:
        if kind := FOLDERS.get(item.path.parent.name):
            item.add_marker(kind)
        if STARTERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("process")
        if SLOW & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
        if {"browser", "process", "tensorflow"} & {mark.name for mark in item.iter_markers()}:
            slow.add(item.path)
        if {"finished", "finished_run"} & set(getattr(item, "fixturenames", ())):
            waiting.add(item.path)
    items.sort(key=lambda item: (item.path.parent.name != "e2e", item.path not in slow, item.path in waiting))
    if config.getoption("fast"):
        chosen: dict[bool, list[pytest.Item]] = {True: [], False: []}
        for item in items:
            chosen[not {"process", "slow"} & {mark.name for mark in item.iter_markers()}].append(item)
        config.hook.pytest_deselected(items=chosen[False])
        items[:] = chosen[True]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Give a file to one worker, as its fixtures want, and all browser tests to one: two browsers would be too slow."""
    config.option.loadscopereorder = False
    return _ByFile(config, log)


class _ByFile(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "browser" if "/e2e/" in file else file
