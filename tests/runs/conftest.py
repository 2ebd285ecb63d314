"""Runs that a scheduler has; `tests.runs.scheduler` has one that says what a test wants."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from allcore.config import TrainConfig
from allcore.config_parts import SplitConfig
from allcore.data.splits.split import make_split
from allcore.runs.execution import asked_lately as asking
from allcore.runs.execution import scheduled
from allcore.runs.execution.scheduled import Word
from allcore.runs.folder.launches import claim_launch
from allcore.runs.folder.store import Run
from tests.data.rows import images
from tests.runs.scheduler import Scheduler


@pytest.fixture
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a look follow another at once, also while that one still asks."""
    for module in (asking, scheduled):
        monkeypatch.setattr(module, "ASK_SECONDS", 0.0)
    for seconds in ("_ASKING_SECONDS", "_LONGEST_REST"):
        monkeypatch.setattr(asking, seconds, 0.0)


@pytest.fixture
def launch(tiny_config: Callable[..., TrainConfig]) -> Callable[[Scheduler], Run]:
    """Return what has a new run launched by a scheduler."""

    def launch_by(scheduler: Scheduler) -> Run:
        run = scheduler.store.create(tiny_config(), make_split(images({"A": 8, "B": 8}), SplitConfig()))
        scheduler._launch(run, claim_launch(run.folder, scheduler.name, None))
        return run

    return launch_by


@pytest.fixture
def given_a_machine(launch: Callable[[Scheduler], Run]) -> Callable[[Scheduler], Run]:
    """Return what launches a run and lets the scheduler say that its job runs."""

    def given_by(scheduler: Scheduler) -> Run:
        run = launch(scheduler)
        assert scheduler.said is not None
        scheduler.said["7"] = Word("running", "running")
        scheduler.look()
        return run

    return given_by
