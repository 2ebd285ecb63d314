"""How a run ends: what follows the last epoch, what is left without disk space or memory, and the time left."""

import errno
import os
import shutil
from types import SimpleNamespace

import pytest
import tensorflow as tf

from allcore.evaluation.shortcuts import cached_shortcuts
from allcore.runs.estimate import Speed, after_seconds, former_speed
from allcore.runs.folder.process import own_identity
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import Run, RunStore
from allcore.training import session
from allcore.training.finish import results_are_whole
from allcore.training.worker import run_worker
from tests.copies import copy_of
from tests.training.carrying_out import RESULTS, carried_out, records


def worked(run, monkeypatch, raised=None):
    """Let a worker of this process find its work done, or what is raised; return the status that it leaves."""

    def carried_out(*_):
        if raised is not None:
            raise raised
        return True

    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("allcore.training.session.carry_out", carried_out)
    pid, started = own_identity()
    write_status(run.folder, run.status().model_copy(update={"pid": pid, "process_started": started}))
    assert run_worker(run.folder) == (0 if raised is None else 1)
    return run.status()


@pytest.mark.parametrize(
    ("number", "why", "to_do"),
    [
        (errno.EDQUOT, "your quota on the disk is used up (Disk quota exceeded)", "ask for a larger quota"),
        (errno.EIO, "the disk is failing (Input/output error)", "the workspace (ALLCORE_WORKSPACE) to another disk"),
    ],
)
def test_a_disk_that_refuses_ends_a_run_with_what_is_kept_and_what_to_do(copied, monkeypatch, number, why, to_do):
    status = worked(copied, monkeypatch, OSError(number, os.strerror(number)))
    assert status.state == "failed"
    assert status.error.startswith(f"{why}; what was saved before is kept: ")
    assert status.error.endswith(f"{to_do}, and resume the run")


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (MemoryError(), "out of memory: use a smaller image size, batch size or micro-batch size"),
        (
            tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor\nand more"),
            "the device ran out of memory: use a smaller image size, batch size or micro-batch size",
        ),
    ],
)
def test_a_run_that_finds_no_memory_says_what_to_do(copied, monkeypatch, raised, said):
    status = worked(copied, monkeypatch, raised)
    assert (status.state, status.error) == ("failed", said)


def test_a_run_that_goes_on_keeps_the_most_memory_that_it_ever_took(copied, monkeypatch):
    write_status(copied.folder, copied.status().model_copy(update={"peak_memory": 10**12}))
    assert worked(copied, monkeypatch).peak_memory == 10**12
    write_status(copied.folder, copied.status().model_copy(update={"peak_memory": 1}))
    assert 10**7 < worked(copied, monkeypatch).peak_memory < 10**12


def test_a_run_that_goes_on_still_says_what_it_warned_of_but_not_of_reports_that_failed(copied, monkeypatch):
    warnings = ("the loss is nan, and epoch 2 is served", "reporting failed: odd; it is tried again")
    write_status(copied.folder, copied.status().model_copy(update={"warnings": warnings}))
    assert worked(copied, monkeypatch).warnings == warnings[:1]


@pytest.fixture
def copied(finished_run, workspace):
    """Return a copy of the finished run, in a workspace without its shortcut baselines."""
    return copy_of(finished_run, workspace.runs / finished_run.id)


def test_run_whose_results_are_whole_only_gets_what_is_missing(copied, workspace):
    before = {name: (copied.folder / name).stat().st_mtime_ns for name in RESULTS}
    trained = records(copied)
    finished, phases = carried_out(copied, segment=1)
    assert finished
    assert {phase.split(",")[0] for phase in phases} == {
        "reading the dataset",
        "decoding images",
        "scoring shortcut baselines",
    }
    assert {name: (copied.folder / name).stat().st_mtime_ns for name in RESULTS} == before
    assert records(copied) == trained
    assert cached_shortcuts(copied.split, workspace.cache) is not None


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("left", [False, True])
def test_results_that_a_power_cut_took_are_not_whole(copied, name, left):
    assert results_are_whole(copied)
    (copied.folder / name).unlink()  # it may be a link
    if left:
        (copied.folder / name).touch()
    assert not results_are_whole(Run(copied.folder))


def test_baselines_that_fail_leave_a_warning_and_the_run_whole(finished_run, tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise ValueError("no such luck")

    monkeypatch.setenv("ALLCORE_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(session, "shortcut_scores", fail)
    run = copy_of(finished_run, tmp_path / "runs" / "run")
    finished, _ = carried_out(run)
    assert finished
    assert run.status().warnings == ("the shortcut baselines could not be scored (ValueError: no such luck)",)


def test_the_time_left_goes_on_while_results_are_written(copied, monkeypatch):
    """By the speed of the training, here of 10 images a second, and until that time is over."""
    told, clock = {}, SimpleNamespace(now=0.0)

    def train(run, plan, train, validation, dataset, reporter, *_):
        reporter.update(images_per_second=10.0)

    def write_results(trained, model, on_phase):
        for phase, clock.now in (("writing", 0.0), ("predicting", 40.0), ("still predicting", 100.0)):
            on_phase(phase)

    for name, stand_in in {
        "time": SimpleNamespace(monotonic=lambda: clock.now),
        "results_are_whole": lambda run: False,
        "_after_seconds": lambda run, plan: lambda speed: 1000 / speed,
        "_train": train,
        "write_results": write_results,
        "_score_shortcuts": lambda *_: None,
    }.items():
        monkeypatch.setattr(session, name, stand_in)
    carried_out(copied, stop_when=lambda status: told.update({status.phase: status.eta_seconds}))
    assert [told[phase] for phase in ("reading the dataset", "writing", "predicting", "still predicting")] == [
        None, 100.0, 60.0, None,
    ]  # fmt: skip


def test_what_follows_takes_as_long_as_a_former_run_says_or_goes_by_the_speed(copied, finished, workspace):
    run = RunStore(workspace.runs).create(copied.config, copied.split)
    plan = SimpleNamespace(description=copied.status().device)
    former = former_speed(copied.config, plan.description, [copied])
    with_baselines = after_seconds(len(run.split.table), former)
    told = session._after_seconds(run, plan)
    assert (told(1.0), told(50.0)) == (with_baselines, with_baselines)
    shutil.copytree(finished.workspace.cache, workspace.cache, dirs_exist_ok=True)  # with the baselines of the split
    assert session._after_seconds(run, plan)(1.0) == after_seconds(len(run.split.table), former, scored=True)
    elsewhere = session._after_seconds(run, SimpleNamespace(description="another device"))
    assert elsewhere(10.0) == after_seconds(len(run.split.table), Speed(10.0, run.id))
