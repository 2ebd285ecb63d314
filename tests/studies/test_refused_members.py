"""What a scheduler refuses for a while, as a limit on jobs does or one that is started anew, is launched later."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from threading import Lock

import pytest

from allcore.errors import ConfigError, DevicesUnknownError, SchedulerError
from allcore.runs.execution.devices import Device
from allcore.runs.execution.scheduled import ScheduledExecutor
from allcore.runs.folder.launches import claim_launch, last_launch, record_launch
from allcore.studies import room, runner
from allcore.studies.runner import run_study
from tests.studies.conftest import Instantly, set_state


@dataclass(frozen=True)
class Refusing(Instantly):
    """Takes four members at a time by its own word; runs go on until a test ends them."""

    most: int = 4
    wanted: int = 4
    never: tuple[str, ...] = ()
    """Places that are refused whatever goes on."""
    refusals: list[str] = field(default_factory=list)
    """What is refused before anything else, a word each."""
    asked: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def at_once(self, config):
        return self.wanted

    def _carry_out(self, run):
        with self.lock:
            self.asked.append(run.id)
            if run.config.place in self.never:
                set_state(run, "interrupted")
                raise SchedulerError(f"Slurm: no node for {run.config.place}")
            going = [other for other in self.store.runs() if other.id != run.id and other.status().state == "running"]
            if self.refusals or len(going) >= self.most:
                set_state(run, "interrupted")
                raise SchedulerError(self.refusals.pop() if self.refusals else "Slurm: QOSMaxSubmitJobPerUserLimit")
            super()._carry_out(run)


@pytest.fixture
def refusing(executor, split, monkeypatch):
    """Return a maker of executors whose members end one at each look; pauses are short."""
    sleep_really = time.sleep

    def made(**fields):
        scheduler = Refusing(executor.workspace, split, ends=lambda place: "running", **fields)

        def sleep(seconds):
            sleep_really(0.001)
            running = [run for run in reversed(scheduler.store.runs()) if run.status().state == "running"]
            if running:
                set_state(running[0], "succeeded")

        monkeypatch.setattr(runner.time, "sleep", sleep)
        return scheduler

    monkeypatch.setattr(room, "_PAUSE_SECONDS", 0.005)
    monkeypatch.setattr(room, "_LONGEST_PAUSE_SECONDS", 0.01)
    return made


def test_a_limit_on_jobs_uses_no_member_up(study, refusing):
    scheduler = refusing(most=2)
    assert run_study(study.folder, scheduler) == 0, study.status().error
    assert {run.status().state for run in scheduler.store.runs()} == {"succeeded"}, study.status()
    assert len(scheduler.store.runs()) == 4
    assert len(scheduler.asked) > 4


def test_a_scheduler_that_is_started_anew_is_waited_for(study, refusing):
    scheduler = refusing(refusals=["Unable to contact slurm controller"] * 9)
    assert run_study(study.folder, scheduler) == 0, study.status().error
    assert {run.status().state for run in scheduler.store.runs()} == {"succeeded"}, study.status()
    assert len(scheduler.store.runs()) == 4


def test_what_is_refused_for_ever_ends_the_study_with_the_reason(study, refusing, monkeypatch):
    monkeypatch.setattr(room, "_FIRST_PATIENCE_SECONDS", 0.0)
    assert run_study(study.folder, refusing(refusals=["invalid partition specified: nowhere"] * 99)) == 1
    assert "4 members did not succeed" in study.status().error
    assert "invalid partition specified: nowhere" in study.status().error


@pytest.mark.parametrize("wanted", [1, 2, 4])
def test_a_place_that_is_refused_for_ever_keeps_none_of_the_others_waiting(study, plan, refusing, monkeypatch, wanted):
    monkeypatch.setattr(room, "_PATIENCE_SECONDS", 0.2)
    first, *others = [place.name for place in plan.places]
    scheduler = refusing(wanted=wanted, never=(first,))
    assert run_study(study.folder, scheduler) == 1
    assert {run.config.place: run.status().state for run in scheduler.store.runs()} == {
        first: "interrupted",
        **dict.fromkeys(others, "succeeded"),
    }
    assert study.status().error.startswith(f"1 member did not succeed ({first}: Slurm: no node for {first})")


def test_members_for_which_there_are_no_devices_end_the_study_with_the_reason(study, refusing, monkeypatch):
    def at_once(self, config):
        raise ConfigError("devices: this machine has one")

    monkeypatch.setattr(Refusing, "at_once", at_once)
    assert run_study(study.folder, refusing()) == 1
    assert "4 members did not succeed" in study.status().error
    assert "devices: this machine has one" in study.status().error


def test_each_place_is_told_its_own_refusal(study, plan, refusing, monkeypatch):
    monkeypatch.setattr(room, "_FIRST_PATIENCE_SECONDS", 0.0)
    names = [place.name for place in plan.places]
    assert run_study(study.folder, refusing(never=tuple(names))) == 1
    for name in names[:3]:
        assert f"{name}: Slurm: no node for {name}" in study.status().error


def test_where_no_more_are_wanted_than_go_on_the_next_end_is_waited_for(study, refusing, monkeypatch):
    scheduler = refusing(most=2)
    end_one, members = runner.time.sleep, runner._Runner._members
    polls: list[float] = []
    looks: list[int] = []

    def sleep(seconds):
        polls.append(seconds)
        if len(polls) == 20:
            object.__setattr__(scheduler, "wanted", 2)  # as a user does whose limit on jobs is two
        if len(polls) > 60:
            end_one(seconds)

    monkeypatch.setattr(runner.time, "sleep", sleep)
    monkeypatch.setattr(runner._Runner, "_members", lambda self: (looks.append(len(polls)), members(self))[1])
    assert run_study(study.folder, scheduler) == 0
    assert len([at for at in looks if 20 < at < 60]) <= 1  # once, when the pause is over


@pytest.fixture
def as_told(refusing, monkeypatch):
    """Return a maker of executors; the launches of each member come to what is told, the last one again and again."""

    def made(*ends):
        def carry_out(self, run):
            self.asked.append(run.config.place)
            number = self.asked.count(run.config.place)
            end = ends[min(number, len(ends)) - 1]
            if isinstance(end, Exception):
                set_state(run, "interrupted")
                raise end
            if end == "taken":
                return Instantly._carry_out(self, run)
            launch = claim_launch(run.folder, "slurm", last_launch(run.folder))
            job = "" if end == "refused later" else run.id
            told = {"job": job, "state": "over", "word": "slurm: no", "is_forgotten": end != "refused later"}
            record_launch(run.folder, launch.model_copy(update=told))
            state = "cancelled" if end == "stopped" else "interrupted"
            set_state(
                run, state, pid=os.getpid() if end == "forgotten later" else None, process_started="", started=1.0
            )
            return None

        monkeypatch.setattr(Refusing, "_carry_out", carry_out)
        return refusing()

    return made


REFUSED = SchedulerError("Unable to contact slurm controller")


@pytest.mark.parametrize(
    "ends",
    [
        ("forgotten", "taken"),
        ("forgotten", "forgotten", "taken"),
        ("forgotten", REFUSED, "taken"),
        (REFUSED, REFUSED, REFUSED, "forgotten", REFUSED, "forgotten", "taken"),
        ("refused later", REFUSED, "refused later", "taken"),
    ],
)
def test_a_member_of_whose_launch_nothing_came_is_launched_again(study, as_told, ends):
    scheduler = as_told(*ends)
    assert run_study(study.folder, scheduler) == 0, study.status().error
    assert {scheduler.asked.count(place.name) for place in study.plan().places} == {len(ends)}


@pytest.mark.parametrize(
    ("ends", "launches", "said"),
    [
        (("forgotten",), 3, "is interrupted"),
        (("forgotten", ConfigError("no sbatch here")), 2, "no sbatch here"),
        (("forgotten", OSError(28, "No space left on device")), 2, "No space left on device"),
        (("refused later", ConfigError("no ray here")), 2, "no ray here"),
        (("stopped", "taken"), 1, "is stopped"),
        (("forgotten later", "taken"), 1, "is interrupted"),
    ],
)
def test_a_lost_member_is_not_launched_for_ever_nor_where_its_user_stopped_it_or_it_had_begun(
    study, as_told, ends, launches, said
):
    scheduler = as_told(*ends)
    assert run_study(study.folder, scheduler) == 1
    assert said in study.status().error
    assert {scheduler.asked.count(place.name) for place in study.plan().places} == {launches}


def test_a_setting_that_was_not_asked_for_is_asked_for_before_the_study_gives_up(study, plan, refusing, monkeypatch):
    monkeypatch.setattr(room, "_FIRST_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(room, "_PATIENCE_SECONDS", 0.2)
    small = tuple(place.name for place in plan.places if place.config.image_size == 32)
    scheduler = refusing(wanted=1, never=small)
    assert run_study(study.folder, scheduler) == 1
    states = {run.config.place: run.status().state for run in scheduler.store.runs()}
    assert {states[place.name] for place in plan.places if place.name not in small} == {"succeeded"}


def test_what_is_refused_of_all_alike_is_not_asked_for_each_setting(study, refusing, monkeypatch):
    monkeypatch.setattr(room, "_FIRST_PATIENCE_SECONDS", 0.0)
    asked = []

    def at_once(self, config):
        asked.append(config.image_size)
        raise SchedulerError("cluster.json: damaged")

    monkeypatch.setattr(Refusing, "at_once", at_once)
    assert run_study(study.folder, refusing()) == 1
    assert study.status().error.count("cluster.json: damaged") == 3  # the first few by name
    assert len(asked) <= 2  # the clock may stand for a moment


def test_why_the_others_wait_is_said_meanwhile(study, refusing, monkeypatch):
    scheduler = refusing(most=2)
    phases = set()
    end_one = runner.time.sleep
    monkeypatch.setattr(runner.time, "sleep", lambda seconds: (phases.add(study.status().phase), end_one(seconds)))
    assert run_study(study.folder, scheduler) == 0
    assert any("the others wait: Slurm: QOSMaxSubmitJobPerUserLimit" in phase for phase in phases)


def test_settings_that_are_half_saved_for_a_moment_use_no_member_up(study, refusing, monkeypatch):
    scheduler = refusing()
    told = iter(["half", "half"])

    def at_once(self, config):
        if next(told, ""):
            (self.workspace.root / "cluster.json").write_text('{"at_once": ')
        else:
            (self.workspace.root / "cluster.json").write_text('{"at_once": 4}')
        return ScheduledExecutor.at_once(self, config)

    monkeypatch.setattr(Refusing, "at_once", at_once)
    assert run_study(study.folder, scheduler) == 0, study.status().error
    assert len(scheduler.store.runs()) == 4


def test_devices_that_are_not_told_for_a_moment_use_no_member_up(study, executor, refusing, monkeypatch):
    asked: list[str] = []

    def devices_here():
        asked.append("")
        if len(asked) in (1, 2, 5):
            raise DevicesUnknownError("nvidia-smi did not answer")
        return (Device("cpu", 0, "here"),)

    monkeypatch.setattr("allcore.runs.execution.executor.devices_here", devices_here)
    monkeypatch.setattr(runner.time, "sleep", lambda _: None)
    assert run_study(study.folder, executor) == 0, study.status().error
    assert len(executor.launched) == 4
